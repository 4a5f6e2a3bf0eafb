package oci

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// validate returns every field that is wrong, so that a caller mends them in one go.
func (image Image) validate() error {
	var problems []error
	if len(image.Layers) == 0 {
		problems = append(problems, errors.New("image has no layers: give at least one folder"))
	}
	if image.OS == "" || image.Architecture == "" {
		problems = append(problems, fmt.Errorf("platform %q: both operating system and architecture are needed, such as linux/amd64", image.OS+"/"+image.Architecture))
	}
	if len(image.Entrypoint) == 0 {
		problems = append(problems, errors.New("image has no entrypoint: give the absolute path of the program to start"))
	} else if !path.IsAbs(image.Entrypoint[0]) {
		problems = append(problems, fmt.Errorf("entrypoint %q is not absolute: there may be no shell or PATH to find it by, write its full path in the image", image.Entrypoint[0]))
	}
	if image.WorkingDir != "" && !path.IsAbs(image.WorkingDir) {
		problems = append(problems, fmt.Errorf("working directory %q is not absolute", image.WorkingDir))
	}
	problems = append(problems, validateUser(image.User, image.AllowRoot))
	for _, variable := range image.Env {
		if name, _, found := strings.Cut(variable, "="); !found || name == "" {
			problems = append(problems, fmt.Errorf("environment variable %q is not KEY=value", variable))
		}
	}
	for _, port := range image.ExposedPorts {
		problems = append(problems, validatePort(port))
	}
	return errors.Join(problems...)
}

func validateUser(user string, allowRoot bool) error {
	if user == "" {
		return errors.New("image has no user, so it would run as root: give a numeric user such as 65532:65532")
	}
	id, group, hasGroup := strings.Cut(user, ":")
	number, err := strconv.ParseUint(id, 10, 31)
	if err != nil {
		return fmt.Errorf("user %q is not numeric: give numbers such as 65532:65532, names cannot be checked for being root", user)
	}
	if hasGroup {
		if _, err := strconv.ParseUint(group, 10, 31); err != nil {
			return fmt.Errorf("group of user %q is not numeric: give numbers such as 65532:65532", user)
		}
	}
	if number == 0 && !allowRoot {
		return fmt.Errorf("user %q is root: give another number such as 65532:65532, or allow root explicitly", user)
	}
	return nil
}

func validatePort(port string) error {
	number, protocol, _ := strings.Cut(port, "/")
	value, err := strconv.ParseUint(number, 10, 16)
	known := protocol == "tcp" || protocol == "udp" || protocol == "sctp"
	if err != nil || value == 0 || !known {
		return fmt.Errorf("exposed port %q is not NUMBER/PROTOCOL, such as 8080/tcp", port)
	}
	return nil
}
