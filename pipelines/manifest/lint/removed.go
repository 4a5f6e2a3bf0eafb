package lint

// gone says since when an API is no more, and what to write instead.
type gone struct{ release, instead string }

// removed are the APIs of workloads and their surroundings that Kubernetes no longer serves, from its deprecation guide.
var removed = func() map[string]gone {
	table := map[string]gone{}
	for _, r := range []struct {
		release, from, to string
		kinds             []string
	}{
		{"1.16", "extensions/v1beta1", "apps/v1", []string{"DaemonSet", "Deployment", "ReplicaSet"}},
		{"1.16", "extensions/v1beta1", "networking.k8s.io/v1", []string{"NetworkPolicy"}},
		{"1.16", "apps/v1beta1", "apps/v1", []string{"Deployment", "StatefulSet"}},
		{"1.16", "apps/v1beta2", "apps/v1", []string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}},
		{"1.22", "extensions/v1beta1", "networking.k8s.io/v1", []string{"Ingress"}},
		{"1.22", "networking.k8s.io/v1beta1", "networking.k8s.io/v1", []string{"Ingress", "IngressClass"}},
		{"1.22", "admissionregistration.k8s.io/v1beta1", "admissionregistration.k8s.io/v1", []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}},
		{"1.22", "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1", []string{"CustomResourceDefinition"}},
		{"1.22", "apiregistration.k8s.io/v1beta1", "apiregistration.k8s.io/v1", []string{"APIService"}},
		{"1.22", "certificates.k8s.io/v1beta1", "certificates.k8s.io/v1", []string{"CertificateSigningRequest"}},
		{"1.22", "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1", []string{"Lease"}},
		{"1.22", "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1", []string{"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}},
		{"1.22", "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1", []string{"PriorityClass"}},
		{"1.22", "storage.k8s.io/v1beta1", "storage.k8s.io/v1", []string{"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"}},
		{"1.25", "batch/v1beta1", "batch/v1", []string{"CronJob"}},
		{"1.25", "discovery.k8s.io/v1beta1", "discovery.k8s.io/v1", []string{"EndpointSlice"}},
		{"1.25", "autoscaling/v2beta1", "autoscaling/v2", []string{"HorizontalPodAutoscaler"}},
		{"1.26", "autoscaling/v2beta2", "autoscaling/v2", []string{"HorizontalPodAutoscaler"}},
		{"1.25", "policy/v1beta1", "policy/v1", []string{"PodDisruptionBudget"}},
		{"1.32", "flowcontrol.apiserver.k8s.io/v1beta3", "flowcontrol.apiserver.k8s.io/v1", []string{"FlowSchema", "PriorityLevelConfiguration"}},
	} {
		for _, kind := range r.kinds {
			table[r.from+" "+kind] = gone{r.release, "write apiVersion: " + r.to}
		}
	}
	table["policy/v1beta1 PodSecurityPolicy"] = gone{"1.25", "use Pod Security Admission, or Gatekeeper"}
	return table
}()
