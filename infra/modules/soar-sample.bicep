metadata description = 'A sample consumer: a Logic App that makes a ticket of each message, with an identity and a role of its own. Adapt the two HTTP actions to the ticket system.'

import { roleIds } from 'role-ids.bicep'

@description('Required. Name of the Logic App.')
param name string

@description('Required. Region.')
param location string

@description('Required. Name of the Service Bus namespace.')
param namespaceName string

@description('Required. Queue that is read.')
param queueName string

@description('Required. Host name of the namespace.')
param serviceBusHostName string

@secure()
@description('Required. Where tickets are posted, https: ServiceNow, Jira, any webhook. Secure, as webhooks often carry their secret in the address.')
param ticketUrl string

var lockToken = '@triggerBody()?[\'LockToken\']'
var queuePath = '/@{encodeURIComponent(encodeURIComponent(parameters(\'queueName\')))}/messages'
var connectionHost = { connection: { name: '@parameters(\'$connections\')[\'servicebus\'][\'connectionId\']' } }
var connectorId = subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'servicebus')

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
          recurrence: { frequency: 'Minute', interval: 1 }
          runtimeConfiguration: { concurrency: { runs: 10 } }
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
            schema: loadJsonContent('../../docs/contract/firstsight-events.schema.json')
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
                  inputs: {
                    method: 'POST'
                    uri: '@parameters(\'ticketUrl\')'
                    headers: {
                      'Content-Type': 'application/json'
                      'Idempotency-Key': '@{body(\'Parse\')?[\'id\']}'
                    }
                    body: {
                      action: 'comment'
                      key: '@body(\'Parse\')?[\'data\']?[\'wave\']?[\'id\']'
                      event: '@body(\'Parse\')'
                    }
                  }
                }
              }
            }
            Wave: {
              case: 'firstsight.wave.v1'
              actions: {
                Wave_ticket: {
                  type: 'Http'
                  runAfter: {}
                  inputs: {
                    method: 'POST'
                    uri: '@parameters(\'ticketUrl\')'
                    headers: {
                      'Content-Type': 'application/json'
                      'Idempotency-Key': '@{body(\'Parse\')?[\'id\']}'
                    }
                    body: {
                      action: 'ticket'
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
              Sighting_ticket: {
                type: 'Http'
                runAfter: {}
                inputs: {
                  method: 'POST'
                  uri: '@parameters(\'ticketUrl\')'
                  headers: {
                    'Content-Type': 'application/json'
                    'Idempotency-Key': '@{body(\'Parse\')?[\'id\']}'
                  }
                  body: {
                    action: 'ticket'
                    key: '@body(\'Parse\')?[\'id\']'
                    event: '@body(\'Parse\')'
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
