package main

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"syscall"
	"time"
)

// A disk is that of one machine: it outlives the process. It is the Store of the alerts
// of a process without Redis.
type disk struct {
	mu    sync.Mutex
	files map[string][]byte
	kept  map[string][]byte
}

// write stores a file; the disk may be full.
func (p *process) write(name string, data []byte) error {
	if p.dead.Load() {
		return errKilled
	}
	if p.w.hit("disk full", p.name, p.name+" disk "+name) {
		return syscall.ENOSPC
	}
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	p.disk.files[name] = bytes.Clone(data)
	return nil
}

func (p *process) read(name string) []byte {
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	return p.disk.files[name]
}

// A diskStore is a notify.Store in files.
type diskStore struct{ p *process }

func (s diskStore) Load(_ context.Context, key string) ([]byte, error) {
	if s.p.dead.Load() {
		return nil, errKilled
	}
	return s.p.read(key), nil
}

func (s diskStore) CompareAndSwap(_ context.Context, key string, old, new []byte, _ time.Duration) (bool, error) {
	if !bytes.Equal(s.p.read(key), old) {
		return false, nil
	}
	s.p.w.leaves("disk", string(new))
	err := s.p.write(key, new)
	return err == nil, err
}

func (w *world) keepDisk(f *fault) {
	d := w.process(f.Process).disk
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = maps.Clone(d.files)
}

// oldDisk brings back what was on the disk, as from a backup. Only the alerts' state: to
// bring back an export's checkpoint makes records come twice, rightly.
func (w *world) oldDisk(f *fault) {
	d := w.process(f.Process).disk
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, data := range d.kept {
		if name == alertKey {
			d.files[name] = data
		}
	}
}

const alertKey = "alert of 429s " + tenantName

func (w *world) diskOf(machine string) *disk {
	if w.disks[machine] == nil {
		w.disks[machine] = &disk{files: map[string][]byte{}}
	}
	return w.disks[machine]
}
