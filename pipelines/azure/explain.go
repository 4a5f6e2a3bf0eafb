package azure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

// remedies say what to do about what the service refused.
var remedies = map[bloberror.Code]string{
	bloberror.ContainerNotFound:               "there is no such container: create it, or mend its name",
	bloberror.AuthenticationFailed:            "the SAS or the identity is refused: look whether it is for this container, and not expired",
	bloberror.AuthorizationFailure:            "the SAS or the identity is refused: look whether it is for this container, and not expired",
	bloberror.AuthorizationPermissionMismatch: "the SAS or the identity may not do that: a SAS needs create and read (sp=cr), an identity the role Storage Blob Data Contributor",
	bloberror.MD5Mismatch:                     "it was damaged on its way: call again",
}

// explain says what went wrong in a sentence, and never a secret: an address that net/http prints carries the SAS.
func (s *Store) explain(ctx context.Context, what string, err error) error {
	var refused *azcore.ResponseError
	var identity *azidentity.AuthenticationFailedError
	var login *LoginError
	var timeout net.Error
	reason := "the service does not answer, look whether it is up: " + s.clean(err).Error()
	switch {
	case ctx.Err() != nil:
		reason = "the time for all of it was up"
	case errors.As(err, &login):
		reason = login.Error()
	case errors.As(err, &identity):
		reason = "no token for the workload's identity: " + s.clean(err).Error()
	case errors.As(err, &refused) && remedies[bloberror.Code(refused.ErrorCode)] != "":
		reason = fmt.Sprintf("%s (%d %s)", remedies[bloberror.Code(refused.ErrorCode)], refused.StatusCode, refused.ErrorCode)
	case errors.As(err, &refused):
		reason = fmt.Sprintf("the service answered %d %s", refused.StatusCode, refused.ErrorCode)
	case errors.As(err, &timeout) && timeout.Timeout():
		reason = "the service does not answer: nothing moved on the connection for too long"
	}
	return fmt.Errorf("%s: %s", what, reason)
}

// clean is an error without the address that was asked, and without the SAS wherever else it stands.
func (s *Store) clean(err error) error {
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	if s.sas == "" {
		return errors.New(text)
	}
	return errors.New(strings.ReplaceAll(text, s.sas, "…"))
}
