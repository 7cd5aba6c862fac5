metadata description = 'What both storage accounts have in common: nobody without an identity, nothing in clear, nothing public.'

@export()
@description('How many copies of the data there are, and where.')
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
@description('Days for which a deleted or overwritten blob can be had back.')
var blobRetentionDays = 30
