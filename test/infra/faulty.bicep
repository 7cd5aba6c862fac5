@secure()
param password string = 'literal'
param unused object
param place string = 'westeurope'
var forgotten = 1
var host = 'queue.servicebus.windows.net'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: 'account'
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  name: 'account/default'
  dependsOn: [account]
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: newGuidLike
  location: 'westeurope'
}

var newGuidLike = '${place}'

resource nobody 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: 'nobody'
}

resource later 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'later'
  location: identity.location
  dependsOn: [identity]
}

var quoted = { 'plain': place }

output symbol string = reference(later.id, '2024-11-30').principalId
output safe string = contains(quoted, 'plain') ? quoted.plain : ''
output key string = account.listKeys().keys[0].value
output joined string = concat('a', host, password)
