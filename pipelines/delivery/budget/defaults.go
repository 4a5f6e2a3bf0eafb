package budget

// fallback is what a tool does where no file tells it.
type fallback struct{ value, source string }

// The defaults, by kind and field; a place in a list is a star.
var defaults = map[string]fallback{
	"ConfigMap data.timeout.reconciliation":        {"120s", "Argo CD 3.5.7, cmd/argocd-application-controller: defaultAppResyncPeriod"},
	"ConfigMap data.timeout.reconciliation.jitter": {"60s", "Argo CD 3.5.7, cmd/argocd-application-controller: defaultAppResyncPeriodJitter"},
	"ConfigMap data.webhook.refresh.jitter":        {"0s", "Argo CD 3.5.7, docs/operator-manual/argocd-cm.yaml"},
	"ConfigMap data.interval":                      {"2m", "Image Updater 1.1.0, cmd/run.go: --interval"},

	"Canary spec.analysis.interval":            {"60s", "Flagger 1.44.0, canary.go: AnalysisInterval"},
	"Canary spec.analysis.threshold":           {"1", "Flagger 1.44.0, canary.go: GetAnalysisThreshold"},
	"Canary spec.analysis.stepWeightPromotion": {"0", "Flagger 1.44.0, scheduler.go: all at once"},
	"Canary spec.progressDeadlineSeconds":      {"600", "Flagger 1.44.0, canary.go: ProgressDeadlineSeconds"},

	"Deployment spec.progressDeadlineSeconds":               {"600", "Kubernetes 1.36, apps/v1"},
	"Deployment spec.minReadySeconds":                       {"0", "Kubernetes 1.36, apps/v1"},
	"Deployment spec.replicas":                              {"1", "Kubernetes 1.36, apps/v1"},
	"Deployment spec.strategy.type":                         {"RollingUpdate", "Kubernetes 1.36, apps/v1"},
	"Deployment spec.strategy.rollingUpdate.maxSurge":       {"25%", "Kubernetes 1.36, apps/v1"},
	"Deployment spec.strategy.rollingUpdate.maxUnavailable": {"25%", "Kubernetes 1.36, apps/v1"},
	"HorizontalPodAutoscaler spec.minReplicas":              {"1", "Kubernetes 1.36, autoscaling/v2"},

	probe + "startupProbe.initialDelaySeconds":   {"0", "Kubernetes 1.36, core/v1 Probe"},
	probe + "startupProbe.periodSeconds":         {"10", "Kubernetes 1.36, core/v1 Probe"},
	probe + "startupProbe.failureThreshold":      {"3", "Kubernetes 1.36, core/v1 Probe"},
	probe + "readinessProbe.initialDelaySeconds": {"0", "Kubernetes 1.36, core/v1 Probe"},
	probe + "readinessProbe.periodSeconds":       {"10", "Kubernetes 1.36, core/v1 Probe"},
	probe + "readinessProbe.successThreshold":    {"1", "Kubernetes 1.36, core/v1 Probe"},

	"Prometheus global.scrape_interval": {"1m", "Prometheus 3, configuration: scrape_interval"},
}

const probe = "Deployment spec.template.spec.containers.*."
