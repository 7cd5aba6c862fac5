metadata description = 'The storage account of the service\'s state: three tables and a lock against deletion. Only this module creates the tables; the code never does.'

import { blobRetentionDays, hardened, replication } from 'storage-hardening.bicep'

@description('Required. Name of the account: 3 to 24 lower-case letters and digits, unique in the cloud.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Tables of the state.')
param tables string[]

@description('Required. How the account is replicated: tables can\'t be restored from a backup.')
param sku replication

@description('Required. Resource id of the workspace for the diagnostics.')
param logWorkspaceId string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  kind: 'StorageV2'
  sku: { name: sku }
  properties: hardened
}

// The service keeps no blobs here; an operator's export may.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: blobRetentionDays }
    containerDeleteRetentionPolicy: { enabled: true, days: blobRetentionDays }
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource stateTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' = [
  for table in tables: {
    parent: tableService
    name: table
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: account
  name: 'keep-state'
  properties: {
    level: 'CanNotDelete'
    notes: 'Without this state every known device is announced again. Removal: docs/deploy.md, "Remove".'
  }
}

// 2021-05-01-preview is the newest version. The stable versions of this type, of 2015 and 2016, lack properties that are used here.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tableService
  name: 'changes'
  properties: {
    workspaceId: logWorkspaceId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

@description('Table endpoint, a URL with a slash at its end.')
output tableEndpoint string = account.properties.primaryEndpoints.table
