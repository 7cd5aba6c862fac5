using 'main.bicep'

// Production: one workspace in the same tenant. The zero GUIDs are placeholders: replace them with your own ids.
param workspaces = [
  {
    access: 'data-reader'
    name: 'soc'
    customerId: '00000000-0000-4000-8000-000000000001'
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/rg-sentinel/providers/Microsoft.OperationalInsights/workspaces/law-sentinel'
  }
]

param operatorPrincipalIds = ['00000000-0000-4000-8000-00000000bbbb']
param alertEmails = ['soc@example.com']
param runbookUrl = 'https://example.com/firstsight/docs/operate.md'
