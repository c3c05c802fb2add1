package mailbox

import "slices"

// What one FETCH may ask for.
const (
	batchMails = 100
	batchBytes = 64 << 20
	guessBytes = 64 << 10 // of a mail whose size the server did not say
)

// Batches cuts uids, oldest first, into pieces for Fetch: at most 100 mails or
// 64 MB each by what the server said of their sizes; a bigger mail stands
// alone. After a failed batch the caller cuts it in halves, down to one.
func Batches(uids []UID, sizes map[UID]int64) [][]UID {
	var batches [][]UID
	var batch []UID
	var bytes int64
	for _, u := range distinct(slices.Clone(uids)) {
		size, ok := sizes[u]
		if !ok {
			size = guessBytes
		}
		if len(batch) > 0 && (len(batch) >= batchMails || bytes+size > batchBytes) {
			batches = append(batches, batch)
			batch, bytes = nil, 0
		}
		batch = append(batch, u)
		bytes += size
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

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
