metadata description = 'A sample consumer: a Logic App that takes messages in peek-lock and posts a ticket for each sighting and each wave, and members of a wave as comments. It has an identity and a role of its own. Adapt the two HTTP actions to the ticket system.'

import { roleIds } from 'role-ids.bicep'

@description('Required. Name of the Logic App.')
@minLength(1)
@maxLength(43)
param name string

@description('Required. Region.')
param location string

@description('Required. Name of the Service Bus namespace, in this resource group.')
param namespaceName string

@description('Required. Queue that is read.')
param queueName string

@description('Required. Host name of the namespace.')
param serviceBusHostName string

@secure()
@description('Required. Where tickets are posted, https: ServiceNow, Jira, any webhook. Secure, as webhooks often carry their secret in the address.')
param ticketUrl string

@description('Optional. Application id URI of the endpoint: a token of the Logic App\'s identity for it is sent along. Default: none.')
param ticketAudience string = ''

@description('Optional. Seconds between two looks at an empty queue, 30 to 3600.')
@minValue(30)
@maxValue(3600)
param pollSeconds int = 60

@description('Optional. Messages that are worked on at a time, 1 to 50.')
@minValue(1)
@maxValue(50)
param concurrency int = 10

var lockToken = '@triggerBody()?[\'LockToken\']'
var queuePath = '/@{encodeURIComponent(encodeURIComponent(parameters(\'queueName\')))}/messages'
var connectionHost = { connection: { name: '@parameters(\'$connections\')[\'servicebus\'][\'connectionId\']' } }
var connectorId = subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'servicebus')

// Of the contract, without the name of its draft, which the parser of Logic Apps is older than. What is of no type that is known,
// as the doctor's test message or a type of a later version, is taken and left aside: it is no dead letter.
var ofAnotherType = {
  type: 'object'
  required: ['id', 'type']
  properties: { type: { type: 'string', not: { pattern: '^firstsight\\.(sighting|wave)' } } }
}
var contract = {
  oneOf: concat(loadJsonContent('../../docs/contract/firstsight-events.schema.json').oneOf, [ofAnotherType])
}

// One post: the key is the same whenever the message comes again, so the endpoint opens a ticket once. Four tries of 30 seconds
// and the waits between them end within the lock of five minutes: past it, another run would post beside this one.
var post = {
  method: 'POST'
  uri: '@parameters(\'ticketUrl\')'
  headers: { 'Content-Type': 'application/json', 'Idempotency-Key': '@{body(\'Parse\')?[\'id\']}' }
  retryPolicy: { type: 'exponential', count: 3, interval: 'PT5S', minimumInterval: 'PT5S', maximumInterval: 'PT30S' }
  ...(empty(ticketAudience)
    ? {}
    : { authentication: { type: 'ManagedServiceIdentity', identity: identity.id, audience: ticketAudience } })
}

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: namespaceName

  resource queue 'queues' existing = {
    name: queueName
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-id'
  location: location
}

resource receiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace::queue
  name: guid(namespace::queue.id, identity.id, roleIds.serviceBusDataReceiver)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.serviceBusDataReceiver)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource connection 'Microsoft.Web/connections@2016-06-01' = {
  name: '${name}-servicebus'
  location: location
  properties: {
    displayName: 'Service Bus, by managed identity'
    api: { id: connectorId }
    // The types of this version don't know it; the service does, and there is no later version.
    #disable-next-line BCP089
    parameterValueSet: {
      name: 'managedIdentityAuth'
      values: { namespaceEndpoint: { value: 'sb://${serviceBusHostName}/' } }
    }
  }
}

resource workflow 'Microsoft.Logic/workflows@2019-05-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  // The first look at the queue needs the role.
  dependsOn: [receiver]
  properties: {
    state: 'Enabled'
    parameters: {
      '$connections': {
        value: {
          servicebus: {
            id: connectorId
            connectionId: connection.id
            connectionName: connection.name
            connectionProperties: {
              authentication: { type: 'ManagedServiceIdentity', identity: identity.id }
            }
          }
        }
      }
      queueName: { value: queueName }
      ticketUrl: { value: ticketUrl }
    }
    definition: {
      '$schema': 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
      contentVersion: '1.0.0.0'
      parameters: {
        '$connections': { type: 'Object', defaultValue: {} }
        queueName: { type: 'String' }
        ticketUrl: { type: 'SecureString' }
      }
      triggers: {
        Message: {
          type: 'ApiConnection'
          recurrence: { frequency: 'Second', interval: pollSeconds }
          runtimeConfiguration: { concurrency: { runs: concurrency } }
          inputs: {
            host: connectionHost
            method: 'get'
            path: '${queuePath}/head/peek'
            queries: { queueType: 'Main', sessionId: 'None' }
          }
        }
      }
      actions: {
        Parse: {
          type: 'ParseJson'
          runAfter: {}
          inputs: {
            content: '@json(base64ToString(triggerBody()?[\'ContentData\']))'
            schema: contract
          }
        }
        // What can't be read will not be readable the next time: it is set aside at once, with the reason.
        Dead_letter: {
          type: 'ApiConnection'
          runAfter: { Parse: ['Failed', 'TimedOut'] }
          inputs: {
            host: connectionHost
            method: 'post'
            path: '${queuePath}/deadletter'
            queries: {
              lockToken: lockToken
              sessionId: ''
              deadLetterReason: 'NotAFirstsightEvent'
              deadLetterErrorDescription: 'The body does not fit the JSON Schema'
            }
          }
        }
        Which: {
          type: 'Switch'
          runAfter: { Parse: ['Succeeded'] }
          expression: '@body(\'Parse\')?[\'type\']'
          cases: {
            Members: {
              case: 'firstsight.wave-members.v1'
              actions: {
                // May come before the wave's own message: the endpoint makes the ticket by its key where there is none.
                Comment: {
                  type: 'Http'
                  runAfter: {}
                  limit: { timeout: 'PT30S' }
                  inputs: {
                    ...post
                    body: {
                      action: 'comment'
                      key: '@body(\'Parse\')?[\'data\']?[\'wave\']?[\'id\']'
                      event: '@body(\'Parse\')'
                    }
                  }
                }
              }
            }
          }
          default: {
            actions: {
              Sighting_or_wave: {
                type: 'If'
                runAfter: {}
                expression: {
                  or: [
                    { startsWith: ['@body(\'Parse\')?[\'type\']', 'firstsight.sighting.'] }
                    { equals: ['@body(\'Parse\')?[\'type\']', 'firstsight.wave.v1'] }
                  ]
                }
                actions: {
                  Ticket: {
                    type: 'Http'
                    runAfter: {}
                    limit: { timeout: 'PT30S' }
                    inputs: {
                      ...post
                      body: {
                        action: 'ticket'
                        // One for a wave, whichever of its messages came first; else one for the sighting.
                        key: '@coalesce(body(\'Parse\')?[\'data\']?[\'wave\']?[\'id\'], body(\'Parse\')?[\'id\'])'
                        event: '@body(\'Parse\')'
                      }
                    }
                  }
                }
              }
            }
          }
        }
        // Only after success. Else the lock lapses and the message comes again, ten times in all, then it is a dead letter.
        Complete: {
          type: 'ApiConnection'
          runAfter: { Which: ['Succeeded'] }
          inputs: {
            host: connectionHost
            method: 'delete'
            path: '${queuePath}/complete'
            queries: { lockToken: lockToken, queueType: 'Main', sessionId: '' }
          }
        }
      }
    }
  }
}
