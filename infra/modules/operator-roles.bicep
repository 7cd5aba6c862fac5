metadata description = 'Roles of operators: read and write the state\'s tables, for approvals, `state accept` and `doctor`.'

import { roleIds } from 'role-ids.bicep'

@description('Required. Object ids of users or groups.')
param principalIds string[]

@description('Required. Account of the state.')
param stateAccountName string

resource stateAccount 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: stateAccountName
}

resource operators 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in principalIds: {
    scope: stateAccount
    name: guid(stateAccount.id, principalId, roleIds.storageTableDataContributor)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roleIds.storageTableDataContributor
      )
      principalId: principalId
    }
  }
]
