package main

import (
	"net/netip"
	"os/exec"
)

// recipe is everything that decides how an engine behaves. An engine that was
// started from another recipe is started again.
type recipe struct {
	Engine      string   `json:"engine"`      // folder of the engine's binaries
	GoSDK       string   `json:"goSDK"`       // folder of the image that Go modules run in
	GoSDKDigest string   `json:"goSDKDigest"` // of its manifest
	Base        string   `json:"base"`        // folder of the base image
	Registry    string   `json:"registry"`    // folder of docker-registry
	Runc        string   `json:"runc"`
	Disk        string   `json:"disk"`  // how much the cache may take
	Spare       uint64   `json:"spare"` // how many bytes of the disk it leaves free beyond the twentieth that it always does
	Env         []string `json:"env"`
	Nameservers string   `json:"nameservers"` // a resolv.conf
	Config      string   `json:"config"`      // digest of what its configuration files say on any network
}

// folders are the parts of the store that the recipe needs.
func (r recipe) folders() []string { return []string{r.Engine, r.GoSDK, r.Base, r.Registry} }

// recipe describes the engine that this machine should have. Its parts have
// to be there.
func (h home) recipe(p parts, lookup func(string) (string, bool)) (recipe, error) {
	_, hash, err := readImage(h.partDir(p.goSDK))
	if err != nil {
		return recipe{}, err
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return recipe{}, err
	}
	disk, err := diskLimit()
	if err != nil {
		return recipe{}, err
	}
	resolv, err := nameservers()
	if err != nil {
		return recipe{}, err
	}
	config, err := configDigest(disk)
	if err != nil {
		return recipe{}, err
	}
	return recipe{
		Engine:      h.partDir(p.engine),
		GoSDK:       h.partDir(p.goSDK),
		GoSDKDigest: hash.String(),
		Base:        h.partDir(p.baseImage),
		Registry:    h.partDir(p.registry),
		Runc:        runc,
		Disk:        disk,
		Env:         hostEnv(lookup),
		Nameservers: resolv,
		Config:      config,
	}, nil
}

// configDigest is a key of the engine's configuration files, so that a newer
// version of this program starts an engine again that it would configure otherwise.
func configDigest(disk string) (string, error) {
	engine, err := engineConfig(disk, 0, "registry")
	if err != nil {
		return "", err
	}
	cni, err := cniConfig(netip.Prefix{})
	if err != nil {
		return "", err
	}
	return digest(string(engine), string(cni), buildkitConfig("group")), nil
}
