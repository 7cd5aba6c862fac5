metadata description = 'A user-assigned identity: it is there, with its roles, before what uses it starts.'

@description('Required. Name of the identity.')
param name string

@description('Required. Region.')
param location string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
}

@description('Object id, for role assignments.')
output principalId string = identity.properties.principalId

@description('Client id, which whoever asks for a token names.')
output clientId string = identity.properties.clientId
