// Package section holds what the policies in esteira.yaml have in common: each is a section that is checked, and known by its
// digest. It needs nothing but the standard library, so that whoever only reads a policy does not have to compile more.
package section

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// FieldError is a field with a value that cannot be meant.
type FieldError struct {
	// Field is its path in the section, such as slices.proof[1].margin.
	Field string
	Value any
	// Reason says what is wrong and what would be right.
	Reason string
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s: %v %s", e.Field, e.Value, e.Reason) }

// Wrong is the *FieldError of a field.
func Wrong(field string, value any, reason string) error { return &FieldError{field, value, reason} }

// Digest identifies what is asked: SHA-256 of a policy as JSON, in hexadecimal digits. Hand it in with its defaults.
func Digest(policy any) (string, error) {
	text, err := json.Marshal(policy)
	if err != nil {
		return "", fmt.Errorf("policy: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
