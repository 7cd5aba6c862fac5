metadata description = 'The workbook that shows the service\'s logs.'

@description('Required. Name of the workbook: a GUID that must never change.')
param name string

@description('Required. Title of the workbook.')
param title string

@description('Required. Region.')
param location string

@description('Required. Resource id of the workspace that holds the service\'s logs.')
param logWorkspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: name
  location: location
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: title
    serializedData: loadTextContent('../workbook.json')
    sourceId: logWorkspaceId
    version: '1.0'
  }
}
