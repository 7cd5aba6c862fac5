metadata description = 'Lets the service read one Sentinel workspace. The workspace may be in another subscription, so this is a separate module, deployed to the workspace\'s resource group.'

import { roleIds } from 'role-ids.bicep'

@description('Required. Name in messages and in the state: letters, digits, - and _. Never change it: it is part of the state\'s keys.')
@minLength(1)
@maxLength(63)
type stableName = string

@description('Required. Customer id of the workspace, a GUID (its Overview page).')
@minLength(36)
@maxLength(36)
type customerId = string

@sealed()
@description('The service gets Log Analytics Data Reader, limited to the tables that its queries name.')
type readByTable = {
  @description('Required. The role that the service gets.')
  access: 'data-reader'

  name: stableName

  customerId: customerId

  @description('Required. Resource id of the workspace.')
  resourceId: string

  @description('Optional. Tenant of the workspace, a GUID, as a label in messages.')
  tenantId: string?
}

@sealed()
@description('The service gets Log Analytics Reader on all tables. Use it for a workspace of another tenant (Lighthouse), where a role with data actions can\'t be assigned.')
type readAll = {
  @description('Required. The role that the service gets.')
  access: 'reader'

  name: stableName

  customerId: customerId

  @description('Required. Resource id of the workspace.')
  resourceId: string

  @description('Optional. Tenant of the workspace, a GUID, as a label in messages.')
  tenantId: string?
}

@sealed()
@description('The workspace\'s owner assigns the role: the deployer has no rights on that workspace.')
type givenElsewhere = {
  @description('Required. The role that the service gets: this deployment assigns none.')
  access: 'given-elsewhere'

  name: stableName

  customerId: customerId

  @description('Optional. Tenant of the workspace, a GUID, as a label in messages.')
  tenantId: string?
}

@export()
@description('A Sentinel workspace that the service reads.')
@discriminator('access')
type sentinelWorkspace = readByTable | readAll | givenElsewhere

@description('Required. Name of the workspace.')
param workspaceName string

@description('Required. Resource id of the service\'s identity.')
param identityId string

@description('Required. Object id of the service\'s identity.')
param principalId string

@description('Required. Tables that the service may read.')
@minLength(1)
param tables string[]

@description('Required. data-reader: only these tables; reader: all tables.')
@allowed(['data-reader', 'reader'])
param access string

var action = 'Microsoft.OperationalInsights/workspaces/tables/data/read'
var isNamed = join(
  map(tables, table => '@Resource[Microsoft.OperationalInsights/workspaces/tables:name] StringEquals \'${table}\''),
  ' OR '
)

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource tableReader 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (access == 'data-reader') {
  scope: workspace
  name: guid(workspace.id, identityId, roleIds.logAnalyticsDataReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.logAnalyticsDataReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    condition: '((!(ActionMatches{\'${action}\'})) OR (${isNamed}))'
    conditionVersion: '2.0'
  }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (access == 'reader') {
  scope: workspace
  name: guid(workspace.id, identityId, roleIds.logAnalyticsReader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.logAnalyticsReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
