metadata description = 'The function app on Flex Consumption, with its settings. It has timers only and no HTTP endpoint.'

import { sentinelWorkspace } from 'workspace-role.bicep'

@export()
@sealed()
@description('Settings of the service. A setting that is absent keeps the service\'s default.')
type serviceSettings = {
  @description('Optional. When to look for sightings: NCRONTAB, six fields, UTC.')
  detectSchedule: string?

  @description('Optional. When to send the messages that a run could not send: NCRONTAB, six fields, UTC.')
  relaySchedule: string?

  @description('Optional. When to delete sightings that are past their retention: NCRONTAB, six fields, UTC.')
  retainSchedule: string?

  @description('Optional. Days that an ordinary run looks back.')
  @minValue(1)
  @maxValue(30)
  lookbackDays: int?

  @description('Optional. Most days that any run looks back.')
  @minValue(1)
  @maxValue(365)
  horizonDays: int?

  @description('Optional. Hours before covered-to that a run reads again.')
  @minValue(1)
  @maxValue(168)
  overlapHours: int?

  @description('Optional. A sighting that was quiet for more days is announced as returned; 0: never.')
  @minValue(0)
  @maxValue(3650)
  dormancyDays: int?

  @description('Optional. A sighting not seen for more days is deleted.')
  @minValue(1)
  @maxValue(3650)
  retentionDays: int?

  @description('Optional. Minutes after which a run takes no further unit.')
  @minValue(1)
  @maxValue(60)
  runBudgetMinutes: int?

  @description('Optional. Most messages that the broker accepts in one relay pass.')
  @minValue(1)
  @maxValue(100000)
  announceLimit: int?

  @description('Optional. Sightings of one detection within 24 hours that open a wave; 0: no waves.')
  @minValue(0)
  @maxValue(10000)
  waveThreshold: int?

  @description('Optional. Base URL of the query API, for a sovereign cloud.')
  logAnalyticsEndpoint: string?

  @description('Optional. Audience of the token for the query API, for a sovereign cloud.')
  logAnalyticsAudience: string?

  @description('Optional. How much the service logs. The alerts need info or more.')
  logLevel: ('trace' | 'debug' | 'info')?
}

@description('Required. Name of the app, unique in the cloud.')
@minLength(2)
@maxLength(60)
param name string

@description('Required. Name of the plan, which holds this app alone.')
param planName string

@description('Required. Region.')
param location string

@description('Required. Name of the identity that the app runs as.')
param identityName string

@description('Required. Client id of that identity.')
param clientId string

@description('Required. Blob endpoint of the host\'s account, with a slash at its end.')
param hostBlobEndpoint string

@description('Required. Container of the deployed package.')
param packageContainerName string

@description('Required. Table endpoint of the state\'s account.')
param stateTableEndpoint string

@description('Required. Host name of the Service Bus namespace.')
param serviceBusHostName string

@description('Required. Queue in it.')
param queueName string

@description('Required. Sentinel workspaces that are read.')
@minLength(1)
param workspaces sentinelWorkspace[]

@description('Required. Connection string of the Application Insights component.')
param telemetryConnectionString string

@description('Required. Settings of the service.')
param settings serviceSettings

@description('Required. Version of Node.js.')
@allowed(['22', '24'])
param nodeVersion string

@description('Required. Memory of an instance, MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMb int

@description('Required. Whether the instances are spread over zones.')
param zoneRedundant bool

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostBlobEndpoint}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      // Timers run on one instance whatever this limit is. 40 is the lowest value that the service takes.
      scaleAndConcurrency: { instanceMemoryMB: instanceMemoryMb, maximumInstanceCount: 40 }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
    }
  }
}

// Deployments use an identity, so user name and password are off.
resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

// One literal list: a test compares it with the settings that the service reads. An empty value counts as absent.
resource appSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
    AzureWebJobsStorage__clientId: clientId
    AzureWebJobsStorage__credential: 'managedidentity'
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnectionString
    LOG_ANALYTICS_WORKSPACES: string(map(
      workspaces,
      workspace =>
        union(
          { name: workspace.name, id: workspace.customerId },
          workspace.?tenantId == null ? {} : { tenant: workspace.?tenantId }
        )
    ))
    STATE_TABLE_ENDPOINT: stateTableEndpoint
    SERVICE_BUS_NAMESPACE: serviceBusHostName
    SERVICE_BUS_QUEUE: queueName
    AZURE_CLIENT_ID: clientId
    // The Functions host reads the schedules itself, so they must always be set.
    DETECT_SCHEDULE: settings.?detectSchedule ?? '0 */15 * * * *'
    RELAY_SCHEDULE: settings.?relaySchedule ?? '0 */5 * * * *'
    RETAIN_SCHEDULE: settings.?retainSchedule ?? '0 30 3 * * *'
    LOOKBACK_DAYS: string(settings.?lookbackDays ?? '')
    HORIZON_DAYS: string(settings.?horizonDays ?? '')
    OVERLAP_HOURS: string(settings.?overlapHours ?? '')
    DORMANCY_DAYS: string(settings.?dormancyDays ?? '')
    RETENTION_DAYS: string(settings.?retentionDays ?? '')
    RUN_BUDGET_MINUTES: string(settings.?runBudgetMinutes ?? '')
    ANNOUNCE_LIMIT: string(settings.?announceLimit ?? '')
    WAVE_THRESHOLD: string(settings.?waveThreshold ?? '')
    LOG_ANALYTICS_ENDPOINT: settings.?logAnalyticsEndpoint ?? ''
    LOG_ANALYTICS_AUDIENCE: settings.?logAnalyticsAudience ?? ''
    LOG_LEVEL: settings.?logLevel ?? ''
  }
}
