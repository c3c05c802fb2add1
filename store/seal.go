package store

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/jmoiron/sqlx"
)

// ObjectID is one sealed object.
type ObjectID int64

// Keys wrap the data keys of sealed objects: the first wraps new ones, all unwrap.
type Keys struct {
	ids   []string
	aeads []cipher.AEAD
}

// ParseKeys reads keys as the settings give them: 32 bytes each in base64,
// the newest first.
func ParseKeys(encoded []string) (Keys, error) {
	var k Keys
	for i, e := range encoded {
		raw, err := base64.StdEncoding.DecodeString(e)
		if err != nil || len(raw) != 32 {
			return Keys{}, fmt.Errorf("encryption key %d is not 32 bytes in base64", i+1)
		}
		a, err := newAEAD(raw)
		if err != nil {
			return Keys{}, fmt.Errorf("encryption key %d: %w", i+1, err)
		}
		sum := sha256.Sum256(raw)
		k.ids, k.aeads = append(k.ids, hex.EncodeToString(sum[:6])), append(k.aeads, a)
	}
	if len(k.aeads) == 0 {
		return Keys{}, errors.New("no encryption key is set")
	}
	return k, nil
}

// NewKey makes a key as ParseKeys reads it.
func NewKey() string {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails (crypto/rand)
	return base64.StdEncoding.EncodeToString(raw)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

func sealWith(a cipher.AEAD, plain, about []byte) []byte {
	nonce := make([]byte, a.NonceSize(), a.NonceSize()+len(plain)+a.Overhead())
	rand.Read(nonce)
	return a.Seal(nonce, nonce, plain, about)
}

func openWith(a cipher.AEAD, sealed, about []byte) ([]byte, error) {
	if len(sealed) < a.NonceSize() {
		return nil, errors.New("sealed bytes are too short")
	}
	return a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], about)
}

// chunkSize is how much of an object is sealed at once.
const chunkSize = 1 << 20

// about binds a chunk to its object and place, so that rows cannot be swapped.
// number -1 is the object's wrapped key.
func about(id ObjectID, number int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(id))
	return binary.BigEndian.AppendUint64(b, uint64(number))
}

// put seals bytes as a new object. It counts only once a row names it.
func (s *Store) put(ctx context.Context, tx *sqlx.Tx, r io.Reader) (ObjectID, int64, error) {
	return s.putWith(ctx, func(_ string, do func(tx *sqlx.Tx) error) error { return do(tx) }, r)
}

// putWith seals bytes as they come; write runs one of its steps in a transaction.
func (s *Store) putWith(ctx context.Context, write func(what string, do func(tx *sqlx.Tx) error) error, r io.Reader) (ObjectID, int64, error) {
	key := make([]byte, 32)
	rand.Read(key)
	data, err := newAEAD(key)
	if err != nil {
		return 0, 0, err
	}
	var id ObjectID
	err = write("begin an object", func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &id, `
			INSERT INTO objects (size, chunks, key_id, wrapped)
			VALUES (0, 0, $1, ''::bytea)
			RETURNING id`, s.keys.ids[0])
	})
	if err != nil {
		return 0, 0, fmt.Errorf("seal: %w", err)
	}
	size, chunks := int64(0), int64(0)
	buf := make([]byte, chunkSize)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if err := write("keep a chunk", func(tx *sqlx.Tx) error { return s.putChunk(ctx, tx, data, id, chunks, buf[:n]) }); err != nil {
				return 0, 0, err
			}
			size, chunks = size+int64(n), chunks+1
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return 0, 0, fmt.Errorf("seal: %w", err)
		}
	}
	err = write("end an object", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE objects
			SET size = $2, chunks = $3, wrapped = $4
			WHERE id = $1`, id, size, chunks, sealWith(s.keys.aeads[0], key, about(id, -1)))
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("seal: %w", err)
	}
	return id, size, nil
}

func (s *Store) putChunk(ctx context.Context, tx *sqlx.Tx, data cipher.AEAD, id ObjectID, n int64, plain []byte) error {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := w.Write(plain); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO object_chunks (object_id, number, sealed)
		VALUES ($1, $2, $3)`, id, n, sealWith(data, packed.Bytes(), about(id, n)))
	if err != nil {
		return fmt.Errorf("seal chunk %d: %w", n, err)
	}
	return nil
}

// object unseals an object whole.
func (s *Store) object(ctx context.Context, q sqlx.QueryerContext, id ObjectID) ([]byte, error) {
	return s.objectUpTo(ctx, q, id, math.MaxInt64)
}

// objectUpTo unseals an object, or as many of its first chunks as hold limit bytes.
func (s *Store) objectUpTo(ctx context.Context, q sqlx.QueryerContext, id ObjectID, limit int64) ([]byte, error) {
	var o struct {
		Size    int64  `db:"size"`
		Chunks  int64  `db:"chunks"`
		KeyID   string `db:"key_id"`
		Wrapped []byte `db:"wrapped"`
	}
	err := sqlx.GetContext(ctx, q, &o, `
		SELECT size, chunks, key_id, wrapped
		FROM objects
		WHERE id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("object %d: %w", id, none(err, "These bytes are not kept any more."))
	}
	data, err := s.unwrap(id, o.KeyID, o.Wrapped)
	if err != nil {
		return nil, err
	}
	if o.Size > limit {
		o.Chunks = (limit + chunkSize - 1) / chunkSize
		o.Size = o.Chunks * chunkSize
	}
	rows, err := q.QueryxContext(ctx, `
		SELECT number, sealed
		FROM object_chunks
		WHERE object_id = $1 AND number < $2
		ORDER BY number`, id, o.Chunks)
	if err != nil {
		return nil, fmt.Errorf("object %d: %w", id, err)
	}
	defer rows.Close()
	out := make([]byte, 0, o.Size)
	next := int64(0)
	for ; rows.Next(); next++ {
		var n int64
		var sealed []byte
		if err := rows.Scan(&n, &sealed); err != nil {
			return nil, fmt.Errorf("object %d: %w", id, err)
		}
		packed, err := openWith(data, sealed, about(id, next))
		if err != nil {
			return nil, fmt.Errorf("object %d chunk %d: %w", id, n, err)
		}
		plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), chunkSize+1))
		if err != nil {
			return nil, fmt.Errorf("object %d chunk %d: %w", id, n, err)
		}
		out = append(out, plain...)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("object %d: %w", id, err)
	}
	if next != o.Chunks || int64(len(out)) != o.Size {
		return nil, fmt.Errorf("object %d is not whole: %d of %d chunks, %d of %d bytes", id, next, o.Chunks, len(out), o.Size)
	}
	return out, nil
}

func (s *Store) unwrap(id ObjectID, keyID string, wrapped []byte) (cipher.AEAD, error) {
	for i, k := range s.keys.ids {
		if k != keyID {
			continue
		}
		key, err := openWith(s.keys.aeads[i], wrapped, about(id, -1))
		if err != nil {
			return nil, fmt.Errorf("object %d: its key: %w", id, err)
		}
		return newAEAD(key)
	}
	return nil, fmt.Errorf("object %d: the key %s is not among the encryption keys", id, keyID)
}
