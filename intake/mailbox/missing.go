package mailbox

import "slices"

// Missing returns those UIDs of the server that the ledger does not have,
// ascending. It compares all, not those above a mark: Exchange shows a mail
// now and then after one with a higher UID.
func Missing(server []UID, have func(UID) bool) []UID {
	var missing []UID
	for _, u := range distinct(slices.Clone(server)) {
		if !have(u) {
			missing = append(missing, u)
		}
	}
	return missing
}
