package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/essex-dsr/dsr/workflow"
)

// The cost of a password's hash: argon2id with 19 MiB and two passes, as OWASP
// recommends where one thread works. Hashes say their own cost, so it may rise.
const (
	hashMemory  = 19 * 1024 // KiB
	hashTime    = 2
	hashThreads = 1
	hashLength  = 32

	shortestPassword = 12
	longestPassword  = 256
)

// HashPassword makes the argon2id hash of a new password in PHC form, or
// refuses a password that is too short or too long.
func HashPassword(password string) (string, error) {
	switch n := utf8.RuneCountInString(password); {
	case n < shortestPassword:
		return "", &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "password",
			Words: fmt.Sprintf("Enter at least %d characters. Three words that do not belong together are good.", shortestPassword)}
	case n > longestPassword:
		return "", &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "password", Words: fmt.Sprintf("Enter at most %d characters.", longestPassword)}
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails (crypto/rand)
	return phc(argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashLength), salt), nil
}

func phc(key, salt []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads, b64(salt), b64(key))
}

// passwordFits compares in the same time whatever is wrong. An account without
// a hash, and no account at all, cost as much as one with.
func passwordFits(hash, password string) bool {
	var version, memory, time uint32
	var threads uint8
	var salt, key string
	parts := strings.Split(hash, "$")
	if len(parts) == 6 {
		_, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads)
		if err == nil && parts[1] == "argon2id" && version == argon2.Version {
			salt, key = parts[4], parts[5]
		}
	}
	rawSalt, err1 := base64.RawStdEncoding.DecodeString(salt)
	want, err2 := base64.RawStdEncoding.DecodeString(key)
	sound := err1 == nil && err2 == nil && len(rawSalt) >= 8 && len(want) >= 16 && memory <= 1<<20 && time >= 1 && time <= 64 && threads >= 1
	if !sound {
		rawSalt, want, memory, time, threads = make([]byte, 16), make([]byte, hashLength), hashMemory, hashTime, hashThreads
	}
	got := argon2.IDKey([]byte(password), rawSalt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && sound
}
