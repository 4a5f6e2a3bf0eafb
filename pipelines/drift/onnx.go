package drift

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields that lead to a model's metadata, from onnx.proto: ModelProto.metadata_props, and key and
// value of StringStringEntryProto.
const (
	metadataProps protowire.Number = 14
	entryKey      protowire.Number = 1
	entryValue    protowire.Number = 2
)

// CardOf reads the card that an ONNX model carries in its metadata as esteira.card. Nothing else of the model is looked
// at.
func CardOf(model []byte) (Card, error) {
	found := false
	var card []byte
	err := each(model, func(number protowire.Number, entry []byte) error {
		if number != metadataProps {
			return nil
		}
		var key, value []byte
		err := each(entry, func(number protowire.Number, text []byte) error {
			switch number {
			case entryKey:
				key = text
			case entryValue:
				value = text
			}
			return nil
		})
		if err == nil && string(key) == "esteira.card" {
			card, found = value, true
		}
		return err
	})
	switch {
	case err != nil:
		return Card{}, fmt.Errorf("it is no ONNX model: %w", err)
	case !found:
		return Card{}, fmt.Errorf("its metadata has no esteira.card: only models that ml/training made carry one")
	}
	return ParseCard(card)
}

// each hands over the fields of a message that hold bytes, and skips the others.
func each(message []byte, field func(protowire.Number, []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
				return protowire.ParseError(n)
			}
			message = message[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := field(number, value); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}
