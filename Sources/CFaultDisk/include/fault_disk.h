#ifndef FAULT_DISK_H
#define FAULT_DISK_H

#include <stddef.h>
#include <stdint.h>

/// Disks in memory on which SQLite keeps its files, and that fail on demand: a VFS that takes every path
/// `/fault-disk/NUMBER/NAME` and leaves all others to the system's.
///
/// What was written is safe only once it was synced; a power cut keeps any prefix of the writes since then, the
/// last of them torn at a sector of 512 bytes. One thread uses a disk at a time.

/// Makes the VFS the one that SQLite uses by default. Call it once; 0 on success.
int fault_disk_install(void);

/// Makes an empty disk; returns its number.
int fault_disk_create(void);

/// Forgets a disk and all that is on it.
void fault_disk_destroy(int disk);

/// From now on `operations` more reads, writes and syncs succeed; then the power is cut: everything fails until
/// `fault_disk_restart`. A negative number cuts nothing.
void fault_disk_cut_after(int disk, int64_t operations);

/// Whether the power is cut.
int fault_disk_is_cut(int disk);

/// Comes back after a power cut: what was synced, and as much of the rest as the seed says. With `cleanly`,
/// everything that was written is there, as after a kill of the process alone.
void fault_disk_restart(int disk, uint64_t seed, int cleanly);

/// How many bytes all files together may take; a negative number for any.
void fault_disk_set_quota(int disk, int64_t bytes);

/// How many of the next syncs fail.
void fault_disk_fail_syncs(int disk, int count);

/// How many bytes the files take.
int64_t fault_disk_bytes(int disk);

/// How many operations there were.
int64_t fault_disk_operations(int disk);

/// Puts a copy of one disk's files, as they are now, in the place of another's.
void fault_disk_copy(int from, int to);

#endif
