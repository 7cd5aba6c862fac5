metadata name = 'Firstsight'
metadata description = 'Everything that the service needs in Azure. Deploying it again changes only what differs, and no state.'

import { serviceSettings } from 'modules/functionapp.bicep'
import { replication } from 'modules/storage-hardening.bicep'
import { sentinelWorkspace } from 'modules/workspace-role.bicep'

targetScope = 'resourceGroup'

@description('Required. Sentinel workspaces that are read.')
@minLength(1)
param workspaces sentinelWorkspace[]

@description('Optional. What the resources\' names begin with: lower-case letters and digits.')
@minLength(3)
@maxLength(10)
param namePrefix string = 'firstsight'

@description('Optional. Region of all resources; it has to offer Flex Consumption.')
param location string = resourceGroup().location

@description('Optional. Settings of the service.')
param settings serviceSettings = {}

@description('Optional. Queue for the messages.')
@minLength(1)
@maxLength(260)
param queueName string = 'sightings'

@description('Optional. Object ids of users or groups that apply approvals, accept a lost state and run the doctor.')
param operatorPrincipalIds string[] = []

@description('Optional. Addresses that get a mail from the alerts.')
param alertEmails string[] = []

@description('Optional. Resource ids of action groups that the alerts notify.')
param alertActionGroupIds string[] = []

@description('Optional. Whether the alerts are on. Turn them off while you try a deployment.')
param alertsEnabled bool = true

@description('Optional. Address of the runbook (docs/operate.md); each alert appends its own anchor.')
param runbookUrl string = 'docs/operate.md'

@description('Optional. Version of Node.js.')
@allowed(['22', '24'])
param nodeVersion string = '24'

@description('Optional. Memory of an instance in MB. 2048 is enough for a million sightings.')
@allowed([512, 2048, 4096])
param instanceMemoryMb int = 2048

@description('Optional. Whether the function app is spread over zones.')
param zoneRedundant bool = false

@description('Optional. How the state is replicated. Tables can\'t be restored from a backup. In a region without zones use Standard_GRS.')
param stateReplication replication = 'Standard_ZRS'

@description('Optional. How the account of the Functions host is replicated. The account can be created again without loss.')
param hostReplication replication = 'Standard_LRS'

@description('Optional. Tier of Service Bus. Premium is needed only for private endpoints.')
@allowed(['Standard', 'Premium'])
param serviceBusSku string = 'Standard'

@description('Optional. Days for which the service\'s own logs are kept, 30 to 730.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Optional. Whether the sample consumer, a Logic App, is deployed.')
param deploySoarSample bool = false

@secure()
@description('Optional. Where the sample consumer posts tickets, https; required with deploySoarSample.')
param soarTicketUrl string = ''

// Resources are named by these variables and not by module outputs, so that a what-if can evaluate every name.
var suffix = uniqueString(resourceGroup().id)
var identityName = '${namePrefix}-id'
var hostAccountName = take('${namePrefix}h${suffix}', 24)
var stateAccountName = take('${namePrefix}s${suffix}', 24)
var namespaceName = '${namePrefix}-${suffix}'
var componentName = '${namePrefix}-insights'
var appName = '${namePrefix}-${suffix}'
var packageContainerName = 'package'

// The tables that the compiled queries read. A test compares this file with the queries.
var deviceTables = loadJsonContent('generated/device-tables.json')
var givenHere = filter(workspaces, workspace => workspace.access != 'given-elsewhere')

module identity 'modules/identity.bicep' = {
  params: { name: identityName, location: location }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: '${namePrefix}-logs'
    componentName: componentName
    location: location
    retentionDays: logRetentionDays
  }
}

module hostStorage 'modules/storage-host.bicep' = {
  params: {
    name: hostAccountName
    location: location
    containerName: packageContainerName
    sku: hostReplication
    logWorkspaceId: monitoring.outputs.workspaceId
  }
}

module stateStorage 'modules/storage-state.bicep' = {
  params: {
    name: stateAccountName
    location: location
    tables: ['Sightings', 'Coverage', 'Approvals']
    sku: stateReplication
    logWorkspaceId: monitoring.outputs.workspaceId
  }
}

module serviceBus 'modules/servicebus.bicep' = {
  params: {
    name: namespaceName
    location: location
    queueName: queueName
    sku: serviceBusSku
    logWorkspaceId: monitoring.outputs.workspaceId
  }
}

module serviceRoles 'modules/service-roles.bicep' = {
  params: {
    identityName: identityName
    principalId: identity.outputs.principalId
    hostAccountName: hostAccountName
    stateAccountName: stateAccountName
    namespaceName: namespaceName
    queueName: queueName
    componentName: componentName
  }
  dependsOn: [hostStorage, stateStorage, serviceBus, monitoring]
}

module operatorRoles 'modules/operator-roles.bicep' = {
  params: { principalIds: operatorPrincipalIds, stateAccountName: stateAccountName }
  dependsOn: [stateStorage]
}

module workspaceRoles 'modules/workspace-role.bicep' = [
  for workspace in givenHere: {
    scope: resourceGroup(split(workspace.resourceId, '/')[2], split(workspace.resourceId, '/')[4])
    params: {
      workspaceName: last(split(workspace.resourceId, '/'))
      identityId: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', identityName)
      principalId: identity.outputs.principalId
      tables: deviceTables
      access: workspace.access
    }
  }
]

// Deployed after its roles: a first start without access would look like a broken service.
module functionApp 'modules/functionapp.bicep' = {
  params: {
    name: appName
    planName: '${namePrefix}-plan'
    location: location
    identityName: identityName
    clientId: identity.outputs.clientId
    hostBlobEndpoint: hostStorage.outputs.blobEndpoint
    packageContainerName: packageContainerName
    stateTableEndpoint: stateStorage.outputs.tableEndpoint
    serviceBusHostName: serviceBus.outputs.hostName
    queueName: queueName
    workspaces: workspaces
    telemetryConnectionString: monitoring.outputs.connectionString
    settings: settings
    nodeVersion: nodeVersion
    instanceMemoryMb: instanceMemoryMb
    zoneRedundant: zoneRedundant
  }
  dependsOn: [serviceRoles, workspaceRoles]
}

module alerts 'modules/alerts.bicep' = {
  params: {
    namePrefix: namePrefix
    location: location
    logWorkspaceId: monitoring.outputs.workspaceId
    namespaceName: namespaceName
    queueName: queueName
    emails: alertEmails
    actionGroupIds: alertActionGroupIds
    runbookUrl: runbookUrl
    enabled: alertsEnabled
  }
  dependsOn: [serviceBus]
}

module workbook 'modules/workbook.bicep' = {
  params: {
    name: guid(resourceGroup().id, namePrefix, 'workbook')
    title: 'Firstsight'
    location: location
    logWorkspaceId: monitoring.outputs.workspaceId
  }
}

module soarSample 'modules/soar-sample.bicep' = if (deploySoarSample) {
  params: {
    name: '${namePrefix}-soar-sample'
    location: location
    namespaceName: namespaceName
    queueName: queueName
    serviceBusHostName: serviceBus.outputs.hostName
    ticketUrl: soarTicketUrl
  }
}

@description('Name of the function app. The package is deployed to it.')
output functionAppName string = appName

@description('Table endpoint of the state, for operators\' settings.')
output stateTableEndpoint string = stateStorage.outputs.tableEndpoint

@description('Host name of the Service Bus namespace, for consumers.')
output serviceBusNamespace string = serviceBus.outputs.hostName

@description('Object id of the service\'s identity. The owner of a workspace needs it to assign the role.')
output identityPrincipalId string = identity.outputs.principalId
