metadata description = 'Security settings of both storage accounts: access by identity only, encrypted transport only, no public blobs.'

@export()
@description('How many copies of the data exist, and where.')
type replication = 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@export()
var hardened = {
  allowBlobPublicAccess: false
  allowCrossTenantReplication: false
  allowSharedKeyAccess: false
  defaultToOAuthAuthentication: true
  isLocalUserEnabled: false
  isSftpEnabled: false
  minimumTlsVersion: 'TLS1_2'
  publicNetworkAccess: 'Enabled'
  supportsHttpsTrafficOnly: true
}

@export()
@description('Days for which a deleted or overwritten blob can be restored.')
var blobRetentionDays = 30
