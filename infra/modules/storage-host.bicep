metadata description = 'The storage account of the Functions host: the package and the timers\' state. It is separate from the service\'s state, because the host needs no rights there.'

import { blobRetentionDays, hardened, replication } from 'storage-hardening.bicep'

@description('Required. Name of the account: 3 to 24 lower-case letters and digits, unique in the cloud.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Container of the deployed package.')
param containerName string

@description('Required. How the account is replicated.')
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

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: blobRetentionDays }
    containerDeleteRetentionPolicy: { enabled: true, days: blobRetentionDays }
  }
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: containerName
  properties: { publicAccess: 'None' }
}

// The host writes the state of its timers every few minutes, and each write leaves a blob version.
resource oldVersions 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'delete-old-versions'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'] }
            actions: { version: { delete: { daysAfterCreationGreaterThan: blobRetentionDays } } }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

// 2021-05-01-preview is the newest version. The stable versions of this type, of 2015 and 2016, lack properties that are used here.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'changes'
  properties: {
    workspaceId: logWorkspaceId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

@description('Blob endpoint, a URL with a slash at its end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob
