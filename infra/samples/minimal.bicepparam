using '../main.bicep'

// The minimum: the workspace's owner assigns the role, and the alerts send no mail.
param workspaces = [
  {
    access: 'given-elsewhere'
    name: 'soc'
    customerId: '00000000-0000-4000-8000-000000000001'
  }
]
