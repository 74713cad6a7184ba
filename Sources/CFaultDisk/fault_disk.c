#include "fault_disk.h"

#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, FILES = 8, NAME = 96, MOUNT_LENGTH = 12 };
static const char MOUNT[] = "/fault-disk/";

/// A write, or a truncation where `length` is negative, that was not synced yet.
typedef struct {
    int64_t offset;
    int64_t length;
    unsigned char *bytes;
} Pending;

typedef struct {
    unsigned char *bytes;
    int64_t size;
    int64_t room;
} Image;

typedef struct {
    char name[NAME];
    int exists;
    /// How many have it open since the last restart.
    int handles;
    /// As SQLite sees it, and as it would be after a power cut that keeps nothing.
    Image now;
    Image durable;
    Pending *pending;
    int pendingCount;
    int pendingRoom;
} File;

typedef struct {
    File files[FILES];
    int64_t left;
    int isCut;
    int64_t quota;
    int failingSyncs;
    int64_t operations;
    /// Counts the restarts: who had a file open before one has it no longer.
    int life;
} Disk;

static Disk **disks;
static int diskCount;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *system_vfs;

static Disk *disk_at(int number) {
    pthread_mutex_lock(&lock);
    Disk *disk = number >= 0 && number < diskCount ? disks[number] : NULL;
    pthread_mutex_unlock(&lock);
    return disk;
}

// MARK: - Images

static void grow(Image *image, int64_t size) {
    if (size <= image->room) return;
    int64_t room = image->room < 4096 ? 4096 : image->room;
    while (room < size) room *= 2;
    image->bytes = realloc(image->bytes, (size_t)room);
    memset(image->bytes + image->room, 0, (size_t)(room - image->room));
    image->room = room;
}

static void apply(Image *image, const Pending *pending) {
    if (pending->length < 0) {
        if (pending->offset < image->size) {
            memset(image->bytes + pending->offset, 0, (size_t)(image->size - pending->offset));
        }
        grow(image, pending->offset);
        image->size = pending->offset;
        return;
    }
    int64_t end = pending->offset + pending->length;
    grow(image, end);
    memcpy(image->bytes + pending->offset, pending->bytes, (size_t)pending->length);
    if (end > image->size) image->size = end;
}

static void remember(File *file, int64_t offset, int64_t length, const void *bytes) {
    if (file->pendingCount == file->pendingRoom) {
        file->pendingRoom = file->pendingRoom == 0 ? 16 : file->pendingRoom * 2;
        file->pending = realloc(file->pending, sizeof(Pending) * (size_t)file->pendingRoom);
    }
    Pending *pending = &file->pending[file->pendingCount++];
    pending->offset = offset;
    pending->length = length;
    pending->bytes = NULL;
    if (length > 0) {
        pending->bytes = malloc((size_t)length);
        memcpy(pending->bytes, bytes, (size_t)length);
    }
    apply(&file->now, pending);
}

static void forget_pending(File *file) {
    for (int index = 0; index < file->pendingCount; index++) free(file->pending[index].bytes);
    file->pendingCount = 0;
}

static void copy_image(Image *to, const Image *from) {
    grow(to, from->size);
    if (from->size > 0) memcpy(to->bytes, from->bytes, (size_t)from->size);
    // Behind the end there are zeros.
    if (to->size > from->size) memset(to->bytes + from->size, 0, (size_t)(to->size - from->size));
    to->size = from->size;
}

static void clear_file(File *file) {
    forget_pending(file);
    free(file->pending);
    free(file->now.bytes);
    free(file->durable.bytes);
    memset(file, 0, sizeof *file);
}

static int64_t bytes_of(const Disk *disk) {
    int64_t bytes = 0;
    for (int index = 0; index < FILES; index++) {
        if (disk->files[index].exists) bytes += disk->files[index].now.size;
    }
    return bytes;
}

static File *file_named(Disk *disk, const char *name, int create) {
    File *vacant = NULL;
    for (int index = 0; index < FILES; index++) {
        File *file = &disk->files[index];
        if (file->exists && strcmp(file->name, name) == 0) return file;
        if (!file->exists && vacant == NULL) vacant = file;
    }
    if (!create || vacant == NULL) return NULL;
    clear_file(vacant);
    snprintf(vacant->name, NAME, "%s", name);
    vacant->exists = 1;
    return vacant;
}

/// Counts an operation; whether the power is cut.
static int is_cut(Disk *disk) {
    if (disk->isCut) return 1;
    disk->operations++;
    if (disk->left < 0) return 0;
    if (disk->left == 0) {
        disk->isCut = 1;
        return 1;
    }
    disk->left--;
    return 0;
}

// MARK: - Files as SQLite sees them

typedef struct {
    sqlite3_file base;
    int number;
    int life;
    char name[NAME];
    int deleteOnClose;
} Handle;

/// The disk of an open file; NULL where it is gone, or was restarted since.
static Disk *disk_behind(const Handle *handle) {
    Disk *disk = disk_at(handle->number);
    return disk != NULL && disk->life == handle->life ? disk : NULL;
}

/// The file for one more operation; NULL where that fails.
static File *file_for_operation(Handle *handle, Disk **disk) {
    *disk = disk_behind(handle);
    if (*disk == NULL || is_cut(*disk)) return NULL;
    return file_named(*disk, handle->name, 0);
}

static int handle_close(sqlite3_file *base) {
    Handle *handle = (Handle *)base;
    Disk *disk = disk_behind(handle);
    File *file = disk == NULL ? NULL : file_named(disk, handle->name, 0);
    if (file == NULL) return SQLITE_OK;
    if (file->handles > 0) file->handles--;
    if (handle->deleteOnClose) clear_file(file);
    return SQLITE_OK;
}

static int handle_read(sqlite3_file *base, void *buffer, int amount, sqlite3_int64 offset) {
    Handle *handle = (Handle *)base;
    Disk *disk;
    File *file = file_for_operation(handle, &disk);
    if (file == NULL) return SQLITE_IOERR_READ;
    int64_t available = file->now.size - offset;
    if (available >= amount) {
        memcpy(buffer, file->now.bytes + offset, (size_t)amount);
        return SQLITE_OK;
    }
    memset(buffer, 0, (size_t)amount);
    if (available > 0) memcpy(buffer, file->now.bytes + offset, (size_t)available);
    return SQLITE_IOERR_SHORT_READ;
}

static int handle_write(sqlite3_file *base, const void *buffer, int amount, sqlite3_int64 offset) {
    Handle *handle = (Handle *)base;
    Disk *disk;
    File *file = file_for_operation(handle, &disk);
    if (file == NULL) return SQLITE_IOERR_WRITE;
    int64_t more = offset + amount - file->now.size;
    if (more > 0 && disk->quota >= 0 && bytes_of(disk) + more > disk->quota) return SQLITE_FULL;
    remember(file, offset, amount, buffer);
    return SQLITE_OK;
}

static int handle_truncate(sqlite3_file *base, sqlite3_int64 size) {
    Handle *handle = (Handle *)base;
    Disk *disk;
    File *file = file_for_operation(handle, &disk);
    if (file == NULL) return SQLITE_IOERR_TRUNCATE;
    remember(file, size, -1, NULL);
    return SQLITE_OK;
}

static int handle_sync(sqlite3_file *base, int flags) {
    (void)flags;
    Handle *handle = (Handle *)base;
    Disk *disk;
    File *file = file_for_operation(handle, &disk);
    if (file == NULL) return SQLITE_IOERR_FSYNC;
    if (disk->failingSyncs > 0) {
        disk->failingSyncs--;
        return SQLITE_IOERR_FSYNC;
    }
    for (int index = 0; index < file->pendingCount; index++) {
        apply(&file->durable, &file->pending[index]);
    }
    forget_pending(file);
    return SQLITE_OK;
}

static int handle_size(sqlite3_file *base, sqlite3_int64 *size) {
    Handle *handle = (Handle *)base;
    Disk *disk = disk_behind(handle);
    File *file = disk == NULL || disk->isCut ? NULL : file_named(disk, handle->name, 0);
    if (file == NULL) return SQLITE_IOERR_FSTAT;
    *size = file->now.size;
    return SQLITE_OK;
}

static int handle_lock(sqlite3_file *base, int level) { (void)base; (void)level; return SQLITE_OK; }
static int handle_check(sqlite3_file *base, int *held) { (void)base; *held = 0; return SQLITE_OK; }
static int handle_control(sqlite3_file *base, int operation, void *argument) {
    (void)base; (void)operation; (void)argument;
    return SQLITE_NOTFOUND;
}
static int handle_sector(sqlite3_file *base) { (void)base; return SECTOR; }
static int handle_traits(sqlite3_file *base) { (void)base; return 0; }

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = handle_close,
    .xRead = handle_read,
    .xWrite = handle_write,
    .xTruncate = handle_truncate,
    .xSync = handle_sync,
    .xFileSize = handle_size,
    .xLock = handle_lock,
    .xUnlock = handle_lock,
    .xCheckReservedLock = handle_check,
    .xFileControl = handle_control,
    .xSectorSize = handle_sector,
    .xDeviceCharacteristics = handle_traits,
};

// MARK: - The VFS

/// The number of the disk that a path names, and the name on it; negative where the path is the system's.
static int number_of(const char *path, const char **name) {
    if (path == NULL || strncmp(path, MOUNT, MOUNT_LENGTH) != 0) return -1;
    char *end = NULL;
    long number = strtol(path + MOUNT_LENGTH, &end, 10);
    if (end == NULL || *end != '/') return -1;
    *name = end + 1;
    return (int)number;
}

static int vfs_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out
) {
    (void)vfs;
    const char *name = NULL;
    int number = number_of(path, &name);
    if (number < 0) return system_vfs->xOpen(system_vfs, path, base, flags, out);
    base->pMethods = NULL;
    Disk *disk = disk_at(number);
    if (disk == NULL || disk->isCut) return SQLITE_CANTOPEN;
    File *file = file_named(disk, name, (flags & SQLITE_OPEN_CREATE) != 0);
    if (file == NULL) return SQLITE_CANTOPEN;
    file->handles++;
    Handle *handle = (Handle *)base;
    handle->number = number;
    handle->life = disk->life;
    snprintf(handle->name, NAME, "%s", name);
    handle->deleteOnClose = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    handle->base.pMethods = &methods;
    if (out != NULL) *out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync) {
    (void)vfs;
    const char *name = NULL;
    int number = number_of(path, &name);
    if (number < 0) return system_vfs->xDelete(system_vfs, path, sync);
    Disk *disk = disk_at(number);
    if (disk == NULL || is_cut(disk)) return SQLITE_IOERR_DELETE;
    File *file = file_named(disk, name, 0);
    if (file == NULL) return SQLITE_IOERR_DELETE_NOENT;
    // Whoever deletes has closed it before: this is a connection of before a restart, which is closed late.
    // A program that was killed closes nothing.
    if (file->handles > 0) return SQLITE_IOERR_DELETE;
    clear_file(file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
    (void)vfs;
    const char *name = NULL;
    int number = number_of(path, &name);
    if (number < 0) return system_vfs->xAccess(system_vfs, path, flags, out);
    Disk *disk = disk_at(number);
    if (disk == NULL || disk->isCut) return SQLITE_IOERR_ACCESS;
    File *file = file_named(disk, name, 0);
    *out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now.size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int length, char *out) {
    (void)vfs;
    const char *name = NULL;
    if (number_of(path, &name) < 0) {
        return system_vfs->xFullPathname(system_vfs, path, length, out);
    }
    snprintf(out, (size_t)length, "%s", path);
    return SQLITE_OK;
}

int fault_disk_install(void) {
    static sqlite3_vfs vfs;
    system_vfs = sqlite3_vfs_find(NULL);
    if (system_vfs == NULL) return SQLITE_ERROR;
    // Worlds come and go by the hundred: their memory is kept, instead of being faulted in anew each time.
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    vfs = *system_vfs;
    vfs.zName = "fault-disk";
    vfs.pNext = NULL;
    if (vfs.szOsFile < (int)sizeof(Handle)) vfs.szOsFile = (int)sizeof(Handle);
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    return sqlite3_vfs_register(&vfs, 1);
}

// MARK: - Disks

int fault_disk_create(void) {
    Disk *disk = calloc(1, sizeof *disk);
    disk->left = -1;
    disk->quota = -1;
    pthread_mutex_lock(&lock);
    // A number is never given twice: somebody may still have a file of it open.
    int number = diskCount++;
    disks = realloc(disks, sizeof(Disk *) * (size_t)diskCount);
    disks[number] = disk;
    pthread_mutex_unlock(&lock);
    return number;
}

void fault_disk_destroy(int number) {
    Disk *disk = disk_at(number);
    if (disk == NULL) return;
    for (int index = 0; index < FILES; index++) clear_file(&disk->files[index]);
    pthread_mutex_lock(&lock);
    disks[number] = NULL;
    pthread_mutex_unlock(&lock);
    free(disk);
}

void fault_disk_cut_after(int number, int64_t operations) {
    Disk *disk = disk_at(number);
    if (disk != NULL) disk->left = operations;
}

int fault_disk_is_cut(int number) {
    Disk *disk = disk_at(number);
    return disk != NULL && disk->isCut;
}

static uint64_t next_random(uint64_t *state) {
    *state += 0x9E3779B97F4A7C15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

void fault_disk_restart(int number, uint64_t seed, int cleanly) {
    Disk *disk = disk_at(number);
    if (disk == NULL) return;
    for (int index = 0; index < FILES; index++) {
        File *file = &disk->files[index];
        if (!file->exists) continue;
        file->handles = 0;
        int kept = cleanly ? file->pendingCount
                           : (int)(next_random(&seed) % (uint64_t)(file->pendingCount + 1));
        for (int each = 0; each < kept; each++) {
            Pending *pending = &file->pending[each];
            // The last write that got through may have been torn.
            if (!cleanly && each == kept - 1 && pending->length > SECTOR) {
                int64_t sectors = pending->length / SECTOR;
                int64_t torn = (int64_t)(next_random(&seed) % (uint64_t)(sectors + 1)) * SECTOR;
                if (torn > 0 && torn < pending->length) pending->length = torn;
            }
            apply(&file->durable, pending);
        }
        forget_pending(file);
        copy_image(&file->now, &file->durable);
    }
    disk->life++;
    disk->isCut = 0;
    disk->left = -1;
    disk->quota = -1;
    disk->failingSyncs = 0;
}

void fault_disk_set_quota(int number, int64_t bytes) {
    Disk *disk = disk_at(number);
    if (disk != NULL) disk->quota = bytes;
}

void fault_disk_fail_syncs(int number, int count) {
    Disk *disk = disk_at(number);
    if (disk != NULL) disk->failingSyncs = count;
}

int64_t fault_disk_bytes(int number) {
    Disk *disk = disk_at(number);
    return disk == NULL ? 0 : bytes_of(disk);
}

int64_t fault_disk_operations(int number) {
    Disk *disk = disk_at(number);
    return disk == NULL ? 0 : disk->operations;
}

void fault_disk_copy(int from, int to) {
    Disk *source = disk_at(from), *target = disk_at(to);
    if (source == NULL || target == NULL) return;
    for (int index = 0; index < FILES; index++) {
        clear_file(&target->files[index]);
        if (!source->files[index].exists) continue;
        File *file = &target->files[index];
        memcpy(file->name, source->files[index].name, NAME);
        file->exists = 1;
        copy_image(&file->now, &source->files[index].now);
        copy_image(&file->durable, &source->files[index].now);
    }
}
