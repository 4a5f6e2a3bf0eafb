package terraform

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lasting are the credentials that do not end by themselves: whoever reads one has it for good.
var lasting = []string{"ARM_CLIENT_SECRET", "ARM_CLIENT_CERTIFICATE", "ARM_ACCESS_KEY", "ARM_SAS_TOKEN"}

// ReadCredentials reads what the provider and the backend are given: NAME=VALUE lines, of ARM_… and of variables (TF_VAR_…)
// alone. Long-lived secrets are refused: an OIDC token (ARM_OIDC_TOKEN, or ARM_OIDC_REQUEST_URL and …_TOKEN) is what a job
// has. A token that is over is refused at once: the backend would ask for minutes, and then not say why.
func ReadCredentials(r io.Reader, now time.Time) (credentials []string, err error) {
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		name, value, isPair := strings.Cut(line, "=")
		switch {
		case line == "":
			continue
		case !isPair, !strings.HasPrefix(name, "ARM_") && !strings.HasPrefix(name, "TF_VAR_"):
			return nil, fmt.Errorf("line %d is not NAME=VALUE with a name that begins with ARM_ or TF_VAR_", number)
		}
		for _, refused := range lasting {
			if strings.HasPrefix(name, refused) {
				return nil, fmt.Errorf("line %d: %s does not end by itself: give a job's OIDC token", number, name)
			}
		}
		if end, over := ended(name, value, now); over {
			return nil, fmt.Errorf("line %d: the credentials are expired: %s ended at %s, ask for a new one", number, name, end.UTC().Format(time.RFC3339))
		}
		credentials = append(credentials, line)
	}
	if len(credentials) == 0 && lines.Err() == nil {
		return nil, errors.New("there is none in it: give ARM_CLIENT_ID, ARM_TENANT_ID, ARM_SUBSCRIPTION_ID, ARM_USE_OIDC=true and ARM_OIDC_TOKEN")
	}
	return credentials, lines.Err()
}

// ended says when a token ended, where it is one that says so.
func ended(name, token string, now time.Time) (time.Time, bool) {
	if name != "ARM_OIDC_TOKEN" {
		return time.Time{}, false
	}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil || claims.ExpiresAt == nil {
		return time.Time{}, false // Azure says what is wrong with it
	}
	return claims.ExpiresAt.Time, now.After(claims.ExpiresAt.Time)
}
