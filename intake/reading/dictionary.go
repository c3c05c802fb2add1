package reading

// Dictionary maps form labels to fields: data that the team extends on a settings page.
type Dictionary struct {
	Labels map[string][]string // field name → label variants
}
