metadata description = 'Alerts for a service that stops or has a fault. Their queries are in alerts.json; tests run them over sample logs.'

@description('Required. What the alerts\' names begin with.')
param namePrefix string

@description('Required. Region of the query alerts.')
param location string

@description('Required. Resource id of the workspace that holds the service\'s logs.')
param logWorkspaceId string

@description('Required. Name of the Service Bus namespace.')
param namespaceName string

@description('Required. Queue in it.')
param queueName string

@description('Required. Addresses that get a mail. An empty list means no mail.')
param emails string[]

@description('Required. Resource ids of further action groups to notify.')
param actionGroupIds string[]

@description('Required. Address of the runbook; each alert appends its own anchor.')
param runbookUrl string

@description('Required. Whether the alerts are on.')
param enabled bool

var alerts = loadJsonContent('../alerts.json')
var allGroupIds = concat(actionGroupIds, empty(emails) ? [] : [mail.id])

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: namespaceName
}

resource mail 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${namePrefix}-mail'
  location: 'global'
  properties: {
    enabled: true
    groupShortName: 'firstsight'
    emailReceivers: [
      for (email, index) in emails: {
        name: 'mail-${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource queryAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in alerts.queries: {
    name: '${namePrefix}-${alert.name}'
    location: location
    kind: 'LogAlert'
    properties: {
      displayName: alert.displayName
      description: replace(alert.description, 'docs/operate.md', runbookUrl)
      severity: alert.severity
      enabled: enabled
      scopes: [logWorkspaceId]
      evaluationFrequency: alert.evaluationFrequency
      windowSize: alert.windowSize
      autoMitigate: true
      // On the first deployment the workspace has no AppTraces yet.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: join(alert.query, '\n')
            timeAggregation: 'Count'
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: {
        actionGroups: allGroupIds
        customProperties: { runbook: '${runbookUrl}${alert.runbook}' }
      }
    }
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in alerts.metrics: {
    name: '${namePrefix}-${alert.name}'
    location: 'global'
    properties: {
      description: '${alert.displayName}. ${replace(alert.description, 'docs/operate.md', runbookUrl)}'
      severity: alert.severity
      enabled: enabled
      scopes: [namespace.id]
      evaluationFrequency: alert.evaluationFrequency
      windowSize: alert.windowSize
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: alert.namespace
            metricName: alert.metric
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [queueName] }]
            timeAggregation: alert.aggregation
            operator: alert.operator
            threshold: alert.threshold
          }
        ]
      }
      actions: [for id in allGroupIds: { actionGroupId: id }]
    }
  }
]
