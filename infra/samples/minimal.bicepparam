using '../main.bicep'

// The least that has to be said; the workspace's owner gives the role, and nobody is mailed.
param workspaces = [
  {
    access: 'given-elsewhere'
    name: 'soc'
    customerId: '00000000-0000-4000-8000-000000000001'
  }
]
