/* The limit that ResidenceSync is measured against: what the disk and the library allow, without HTTP, JSON or a protocol.
 * WAL, synchronous=FULL, one writer.  usage: baseline DB RECORDS.bin BATCH [fullhist]
 * push   : upsert of N records + one history row each, BATCH records per transaction
 * update : N/2 records with a version check (WHERE k=? AND ver=?), 10% of them stale
 * pull   : all records in pages of 1000 by (area, seq)
 * prints one JSON line. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
static double cpu(void) { struct rusage r; getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6; }
static sqlite3 *db;
static void ok(int rc) { if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) { fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db)); exit(1); } }
static void ex(const char *s) { ok(sqlite3_exec(db, s, 0, 0, 0)); }
static sqlite3_stmt *prep(const char *s) { sqlite3_stmt *p; ok(sqlite3_prepare_v2(db, s, -1, &p, 0)); return p; }
static long fsize(const char *p) { struct stat st; return stat(p, &st) ? 0 : (long)st.st_size; }

typedef struct { const unsigned char *k; uint32_t area; uint16_t len; const char *p; } rec;

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *path = argv[1]; int batch = atoi(argv[3]); int full = argc > 4;
  char wal[600], shm[600]; snprintf(wal, sizeof wal, "%s-wal", path); snprintf(shm, sizeof shm, "%s-shm", path);
  unlink(path); unlink(wal); unlink(shm);
  FILE *f = fopen(argv[2], "rb"); if (!f) { perror(argv[2]); return 1; }
  long sz = fsize(argv[2]); char *buf = malloc(sz); if (fread(buf, 1, sz, f) != (size_t)sz) return 1; fclose(f);
  rec *r = malloc(sizeof(rec) * (sz / 22 + 1)); int n = 0;
  for (long o = 0; o < sz; n++) { r[n].k = (unsigned char *)buf + o; memcpy(&r[n].area, buf + o + 16, 4);
    memcpy(&r[n].len, buf + o + 20, 2); r[n].p = buf + o + 22; o += 22 + r[n].len; }

  ok(sqlite3_open(path, &db));
  ex("PRAGMA journal_mode=WAL"); ex("PRAGMA synchronous=FULL"); ex("PRAGMA cache_size=-65536");
  const char *ck = getenv("WAL_AUTOCHECKPOINT");
  if (ck) { char s[80]; snprintf(s, sizeof s, "PRAGMA wal_autocheckpoint=%d", atoi(ck)); ex(s); }
  ex("CREATE TABLE rec(id INTEGER PRIMARY KEY, k BLOB NOT NULL UNIQUE, area INT, seq INT, ver INT, payload BLOB)");
  ex("CREATE INDEX rec_area_seq ON rec(area, seq)");
  ex("CREATE TABLE hist(seq INTEGER PRIMARY KEY, k BLOB, ver INT, dev INT, ts INT, payload BLOB)");
  sqlite3_stmt *up = prep("INSERT INTO rec(k,area,seq,ver,payload) VALUES(?1,?2,?3,1,?4) ON CONFLICT(k) DO UPDATE SET "
                          "area=excluded.area,seq=excluded.seq,ver=rec.ver+1,payload=excluded.payload");
  sqlite3_stmt *hi = prep("INSERT INTO hist(seq,k,ver,dev,ts,payload) VALUES(?1,?2,?3,7,1785000000,?4)");
  sqlite3_stmt *ud = prep("UPDATE rec SET seq=?3,ver=?5+1,payload=?4 WHERE k=?1 AND ver=?5");
  sqlite3_int64 seq = 0;
#define HIST(i, v) do { sqlite3_bind_int64(hi, 1, seq); sqlite3_bind_blob(hi, 2, r[i].k, 16, SQLITE_STATIC); sqlite3_bind_int(hi, 3, v); \
    if (full) sqlite3_bind_blob(hi, 4, r[i].p, r[i].len, SQLITE_STATIC); ok(sqlite3_step(hi)); sqlite3_reset(hi); } while (0)

  double t0 = now(), c0 = cpu();
  for (int i = 0; i < n;) {
    ex("BEGIN IMMEDIATE");
    for (int j = 0; j < batch && i < n; j++, i++) {
      seq++;
      sqlite3_bind_blob(up, 1, r[i].k, 16, SQLITE_STATIC); sqlite3_bind_int(up, 2, r[i].area); sqlite3_bind_int64(up, 3, seq);
      sqlite3_bind_blob(up, 4, r[i].p, r[i].len, SQLITE_STATIC); ok(sqlite3_step(up)); sqlite3_reset(up);
      HIST(i, 1);
    }
    ex("COMMIT");
  }
  double tp = now() - t0, cp = cpu() - c0;

  int m = n / 2, conflicts = 0, stale_every = 10; t0 = now(); c0 = cpu();
  for (int i = 0; i < m;) {
    ex("BEGIN IMMEDIATE");
    for (int j = 0; j < batch && i < m; j++, i++) {
      /* every 10th is a second device's edit of the record updated just before: same base version */
      int t = (i % stale_every == stale_every - 1) ? i - 1 : i;
      seq++;
      sqlite3_bind_blob(ud, 1, r[t].k, 16, SQLITE_STATIC); sqlite3_bind_int64(ud, 3, seq);
      sqlite3_bind_blob(ud, 4, r[t].p, r[t].len, SQLITE_STATIC); sqlite3_bind_int(ud, 5, 1); ok(sqlite3_step(ud)); sqlite3_reset(ud);
      if (sqlite3_changes(db) == 0) { conflicts++; seq--; continue; }
      HIST(t, 2);
    }
    ex("COMMIT");
  }
  double tu = now() - t0, cu = cpu() - c0;

  sqlite3_stmt *q = prep("SELECT k,ver,seq,payload FROM rec WHERE area=?1 AND seq>?2 ORDER BY seq LIMIT 1000");
  int areas[] = {330902, 330903, 330921, 330922}; long rows = 0, bytes = 0; t0 = now();
  for (int a = 0; a < 4; a++) {
    sqlite3_int64 cur = 0; int got;
    do { got = 0; sqlite3_bind_int(q, 1, areas[a]); sqlite3_bind_int64(q, 2, cur);
      while (sqlite3_step(q) == SQLITE_ROW) { got++; rows++; cur = sqlite3_column_int64(q, 2); sqlite3_column_blob(q, 3); bytes += sqlite3_column_bytes(q, 3); }
      sqlite3_reset(q); } while (got);
  }
  double tl = now() - t0;
  ok(sqlite3_wal_checkpoint_v2(db, 0, SQLITE_CHECKPOINT_TRUNCATE, 0, 0));
  sqlite3_finalize(up); sqlite3_finalize(hi); sqlite3_finalize(ud); sqlite3_finalize(q); sqlite3_close(db);
  printf("{\"push_rows_s\": %.0f, \"push_cpu_s\": %.2f, \"update_rows_s\": %.0f, \"update_cpu_s\": %.2f, \"conflicts\": %d, "
         "\"pull_rows_s\": %.0f, \"pull_rows\": %ld, \"payload_avg\": %.1f, \"db_bytes_per_record\": %.1f}\n",
         n / tp, cp, m / tu, cu, conflicts, rows / tl, rows, (double)bytes / rows, (double)fsize(path) / n);
  unlink(path);
  return 0;
}
