metadata description = 'The namespace, and the queue that SOAR reads. There are no keys: senders and receivers use an identity.'

@description('Required. Name of the namespace, unique in the cloud.')
@minLength(6)
@maxLength(50)
param name string

@description('Required. Region.')
param location string

@description('Required. Name of the queue.')
param queueName string

@description('Required. Tier. Premium is needed only for private endpoints; it costs about 70 times as much as Standard.')
@allowed(['Standard', 'Premium'])
param sku string

@description('Required. Resource id of the workspace for the diagnostics.')
param logWorkspaceId string

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  sku: { name: sku, tier: sku }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = {
  parent: namespace
  name: queueName
  properties: {
    // Can't be changed once the queue exists. Seven days is the longest window: within it the queue drops a message that is sent again under the same id.
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'P7D'
    lockDuration: 'PT5M'
    maxDeliveryCount: 10
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    maxSizeInMegabytes: 5120
    // A partitioned queue finds duplicates only within a partition.
    enablePartitioning: false
  }
}

// 2021-05-01-preview is what there is: the stable versions of this type are of 2015 and 2016 and know less.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'audit'
  properties: {
    workspaceId: logWorkspaceId
    logs: [
      { category: 'OperationalLogs', enabled: true }
      { category: 'RuntimeAuditLogs', enabled: true }
    ]
  }
}

@description('Host name, for example `firstsight-abc.servicebus.windows.net`. The suffix differs between clouds, so it is taken from the endpoint.')
output hostName string = split(split(namespace.properties.serviceBusEndpoint, '/')[2], ':')[0]

@description('Resource id of the namespace.')
output id string = namespace.id
