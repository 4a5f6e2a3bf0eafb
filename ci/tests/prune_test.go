package tests

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// Models that no set names go from a real store, and only where that is asked for; what a set names, what is new and what is no
// model stays. Without the permission, or called again, nothing else happens. A registry's images are in pipelines/azure.
func TestPromotionPrune(t *testing.T) {
	t.Parallel()
	o, b := newOrigin(t), newBlobs(t, server(t, "azurite"))
	var models []string
	for range 2 {
		file, blob, _ := newModel(t, 1000)
		record := strings.Replace(file, "model.onnx=", "record.json=", 1)
		upload(t.Context(), t, b.url(), b.sas(t, createAndRead), file, record).passes(t)
		models = append(models, blob)
	}
	runs, unneeded := strings.Split(models[0], "/")[1], strings.Split(models[1], "/")[1]
	const store = "https://esteira.blob.core.windows.net/models/"
	o.bring(t, fmt.Sprintf(`{"models": {"iris": {"version": "1", "sha256": %q, "uri": %q, "source": %q, "data": %[1]q,
		"gate": {"verdict": "bless", "record": %[1]q, "uri": %q}}}}`,
		runs, store+models[0], o.git(t, "rev-parse", "main"), store+"sha256/"+runs+"/record.json"),
		fmt.Sprintf(`[{"digest": "sha256:%s", "verified": true, "verdict": "bless"}]`, runs))
	prune := func(permissions sas.ContainerPermissions, flags ...string) outcome {
		address, err := url.Parse(b.url())
		if err != nil {
			t.Fatal(err)
		}
		return call(t, append([]string{"promotion", "--source=" + o.clone(t), "prune", "--container=http://azurite:" + address.Port() + address.Path,
			"--server=tcp://" + address.Host, "--sas=" + secret(t, b.sas(t, permissions))}, flags...)...)
	}
	list, remove := sas.ContainerPermissions{List: true}, sas.ContainerPermissions{List: true, Delete: true}
	before := len(b.list(t))

	if said := prune(list).passes(t); !strings.Contains(said, "0 can go, 2 stay") {
		t.Errorf("what is new goes: %s", said)
	}
	if said := prune(list, "--young=0").passes(t); !strings.Contains(said, "1 can go, 1 stay") || !strings.Contains(said, unneeded) || !strings.Contains(said, "nothing is removed without --remove") {
		t.Errorf("%s", said)
	}
	prune(sas.ContainerPermissions{Read: true}).fails(t, "were not listed", "sp=l")
	prune(list, "--young=0", "--remove").fails(t, "0 of 1 were removed", "sp=d", models[1])
	if now := len(b.list(t)); now != before {
		t.Fatalf("of %d blobs %d are left", before, now)
	}
	for _, want := range []string{"1 were removed", "0 were removed"} {
		if said := prune(remove, "--young=0", "--remove").passes(t); !strings.HasSuffix(said, want) {
			t.Errorf("it does not end with %q: %s", want, said)
		}
	}
	left := b.list(t)
	if _, there := left[models[1]]; there || len(left) != before-1 || left[models[0]] == "" {
		t.Errorf("these are left: %v", left)
	}
	call(t, "promotion", "--source="+o.clone(t), "prune").fails(t, "either the --registry")
}
