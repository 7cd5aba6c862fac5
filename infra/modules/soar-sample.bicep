metadata description = 'A sample consumer: a Logic App that receives messages in peek-lock mode. It posts one ticket for each sighting and each wave, and the members of a wave as comments. It has its own identity and role. Adapt the two HTTP actions to your ticket system.'

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
@description('Required. Address that tickets are posted to, https: ServiceNow, Jira, any webhook. The parameter is secure because a webhook\'s address often holds its secret.')
param ticketUrl string

@description('Optional. Application id URI of the endpoint. If set, the Logic App sends a token of its identity for it. Default: none.')
param ticketAudience string = ''

@description('Optional. Seconds between two reads of an empty queue, 30 to 3600.')
@minValue(30)
@maxValue(3600)
param pollSeconds int = 60

@description('Optional. Messages that are processed at the same time, 1 to 50.')
@minValue(1)
@maxValue(50)
param concurrency int = 10

var lockToken = '@triggerBody()?[\'LockToken\']'
var queuePath = '/@{encodeURIComponent(encodeURIComponent(parameters(\'queueName\')))}/messages'
var connectionHost = { connection: { name: '@parameters(\'$connections\')[\'servicebus\'][\'connectionId\']' } }
var connectorId = subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'servicebus')

// The contract's schema without `$schema`: the parser of Logic Apps is older than that draft. A message of an unknown type, such as the
// doctor's test message or a type of a later version, is completed and ignored. It does not become a dead letter.
var ofAnotherType = {
  type: 'object'
  required: ['id', 'type']
  properties: { type: { type: 'string', not: { pattern: '^firstsight\\.(sighting|wave)' } } }
}
var contract = {
  oneOf: concat(loadJsonContent('../../docs/contract/firstsight-events.schema.json').oneOf, [ofAnotherType])
}

// One post. The key is the same whenever the message is delivered again, so the endpoint opens one ticket. Four attempts of 30 seconds
// and the waits between them end within the lock of five minutes. After the lock ends, another run could post the same message.
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
    // The Bicep types of this API version lack this property; the service accepts it. There is no later version.
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
  // The first read of the queue needs the role.
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
        // A message that can't be parsed now can't be parsed later: it becomes a dead letter at once, with the reason.
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
                // Members may arrive before the wave's header. The endpoint then creates the ticket under this key.
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
                        // One ticket for a wave, whichever of its messages arrives first; otherwise one ticket for the sighting.
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
        // Only after success. Otherwise the lock ends and the message is delivered again. After ten deliveries it becomes a dead letter.
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
