metadata description = 'A user-assigned identity. It exists and has its roles before the function app starts.'

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

@description('Client id, which a request for a token has to name.')
output clientId string = identity.properties.clientId
