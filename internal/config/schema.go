package config

import (
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A Schema is a JSON Schema (draft 7) of a configuration, or of a part of it. Editors complete and check by it.
type Schema struct {
	Version     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or a list of names
	Default     any                `json:"default,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Items       *Schema            `json:"items,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	// Closed is false for a table, which has no other keys.
	Closed *bool `json:"additionalProperties,omitempty"`
}

// choices are the values of keys that have only a few.
var choices = map[string][]string{
	"rule.key": keyNames, "rule.count": measureNames, "socket.key": keyNames, "mail.subjects": subjects,
	"mail.tls": tlsPolicies[1:], "notify.subjects": subjects, "notify.events[]": events,
	"summary.every": {"day", "week"},
}

// Describe is the schema of a configuration. Descriptions are what errors say that they expected.
func Describe() *Schema {
	s := schemaOf("", reflect.TypeFor[file]())
	s.Version, s.Title = "http://json-schema.org/draft-07/schema#", "exiwatch.toml"
	return s
}

// schemaOf describes the value of a key by its type.
func schemaOf(key string, t reflect.Type) *Schema {
	s := &Schema{Description: expected[key], Enum: choices[key]}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(key, t.Elem())
	case reflect.Struct:
		closed := false
		s.Type, s.Closed, s.Properties = "object", &closed, make(map[string]*Schema)
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("toml")
			s.Properties[name] = schemaOf(strings.TrimPrefix(key+"."+name, "."), t.Field(i).Type)
		}
		return s
	case reflect.Slice:
		item := key + "[]"
		if t.Elem().Kind() == reflect.Struct {
			item = key
		}
		s.Type, s.Items = "array", schemaOf(item, t.Elem())
	case reflect.String:
		s.Type = "string"
	case reflect.Bool:
		s.Type = "boolean"
	case reflect.Int, reflect.Int64:
		s.Type = "integer"
	}
	if key == "log" || key == "fleet.engine" {
		s.Type, s.Items = []string{"string", "array"}, &Schema{Type: "string", Description: expected[key+"[]"]}
	}
	s.Default = defaultOf(key)
	return s
}

// defaultOf is the default of a key, nil if it has none.
func defaultOf(key string) any {
	var value struct{ V any }
	if text := defaults[key]; text != "" {
		toml.Unmarshal([]byte("V = "+text), &value) // TestSchema shows that it is TOML
	}
	return value.V
}
