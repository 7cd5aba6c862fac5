using '../main.bicep'

// Three workspaces: one in this subscription, one in another subscription, one in another tenant through Lighthouse. With the sample consumer.
param workspaces = [
  {
    access: 'data-reader'
    name: 'soc'
    customerId: '00000000-0000-4000-8000-000000000001'
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/rg-sentinel/providers/Microsoft.OperationalInsights/workspaces/law-sentinel'
  }
  {
    access: 'data-reader'
    name: 'plant'
    customerId: '00000000-0000-4000-8000-000000000002'
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000cccc/resourceGroups/rg-plant/providers/Microsoft.OperationalInsights/workspaces/law-plant'
  }
  {
    access: 'reader'
    name: 'customer'
    customerId: '00000000-0000-4000-8000-000000000003'
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000dddd/resourceGroups/rg-customer/providers/Microsoft.OperationalInsights/workspaces/law-customer'
    tenantId: '00000000-0000-4000-8000-00000000eeee'
  }
]

param settings = {
  detectSchedule: '0 */30 * * * *'
  lookbackDays: 7
  dormancyDays: 0
  waveThreshold: 50
  logLevel: 'debug'
}

param zoneRedundant = true
param hostReplication = 'Standard_ZRS'
param operatorPrincipalIds = ['00000000-0000-4000-8000-00000000bbbb', '00000000-0000-4000-8000-00000000ffff']
param deploySoarSample = true
param soarTicketUrl = readEnvironmentVariable('SOAR_TICKET_URL', 'https://tickets.example.com/firstsight')
