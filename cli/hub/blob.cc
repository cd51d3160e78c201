#include "cli/hub/blob.h"

#include <algorithm>

#include "cli/hub/file_lock.h"
#include "cli/hub/refusal.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/mapped_file.h"

namespace janus::hub {
namespace {

constexpr int kRangeNotThere = 416;

// As git and LFS hash a file of so many bytes, before its content.
Digest digest_of(const RemoteFile& file) {
  Digest digest(file.kind);
  if (file.kind == DigestKind::sha256) return digest;
  std::string header = fmt::format("blob {}", file.bytes);
  header.push_back('\0');
  digest.add(std::as_bytes(std::span(header)));
  return digest;
}

class BlobDownload {
 public:
  // `blob` gets its name once it is whole; until then it stays to be gone on with.
  BlobDownload(const BlobSource& source, const RemoteFile& file, const std::string& blob,
               const BytesGained& gained)
      : source_(source),
        file_(file),
        gained_(gained),
        incomplete_(
            blob, {.temporary = Temporary::resumed, .durable = true, .name = blob, .advice = kAnotherCache}),
        digest_(digest_of(file)) {
    if (incomplete_.bytes() > file.bytes) incomplete_.clear();
    done_ = furthest_ = incomplete_.bytes();
    incomplete_.read_back([this](std::span<const std::byte> bytes) { digest_.add(bytes); });
  }

  int64_t downloaded() const { return downloaded_; }

  void run(HttpClient& client) {
    RetryPolicy policy(source_.server, source_.repository, Subject::file, file_.name);
    bool mistaken = false;  // content of the right size and the wrong hash
    for (;;) {
      const HttpResult result = done_ < file_.bytes ? attempt(client, policy) : HttpResult{.status = 200};
      if (source_.server.stop) return;
      if (done_ == file_.bytes && !too_long_) {
        const std::string found = digest_.finish();
        if (found == file_.hash) return incomplete_.commit();
        restart();
        // The remainder of an earlier download may have been damaged: once more from the beginning.
        check(!mistaken,
              "pull {}, {}: expected hash {}, as {} lists it, found {} twice: the server or a proxy gives "
              "other bytes; try again later, or {}",
              source_.repository.to_string(), file_.name, file_.hash, source_.server.endpoint, found,
              other_endpoint());
        mistaken = true;
      } else if (too_long_) {
        restart();
        fail(
            "pull {}, {}: expected {} bytes, as {} lists it, found more: the server or a proxy gives another "
            "file; try again later, or {}",
            source_.repository.to_string(), file_.name, file_.bytes, source_.server.endpoint,
            other_endpoint());
      } else if (result.fault == HttpFault::none && result.status == kRangeNotThere) {
        restart();
        policy.wait_after({.status = result.status, .fault = HttpFault::dropped, .reason = "status 416"});
      } else if (result.fault == HttpFault::none && (result.status == 200 || result.status == 206)) {
        // A body whose length was not told, and that ended early.
        policy.wait_after({.status = result.status,
                           .fault = HttpFault::dropped,
                           .reason = fmt::format("{} of {} bytes", done_, file_.bytes)});
      } else {
        policy.wait_after(result);
      }
    }
  }

 private:
  void restart() {
    gained_(-done_);
    done_ = 0;
    incomplete_.clear();
    digest_ = digest_of(file_);
  }

  HttpResult attempt(HttpClient& client, RetryPolicy& policy) {
    const HttpReceiver receiver{.begin =
                                    [this](const HttpStart& start) {
                                      // A server may answer with the whole, but not with another part.
                                      if (start.first_byte != done_) {
                                        if (start.first_byte != 0) return false;
                                        restart();
                                      }
                                      return true;
                                    },
                                .take =
                                    [&, this](std::span<const std::byte> bytes) {
                                      too_long_ = done_ + static_cast<int64_t>(bytes.size()) > file_.bytes;
                                      if (too_long_) return false;
                                      incomplete_.append(bytes);
                                      digest_.add(bytes);
                                      const auto size = static_cast<int64_t>(bytes.size());
                                      done_ += size;
                                      downloaded_ += size;
                                      gained_(size);
                                      // What came before does not count: a server that breaks off at one
                                      // place for ever must not be asked for ever.
                                      if (done_ > furthest_) policy.gained(done_ - furthest_);
                                      furthest_ = std::max(furthest_, done_);
                                      return true;
                                    }};
    HttpResult result =
        client.get({.url = source_.server.file_url(source_.repository, source_.commit, file_.name),
                    .token = source_.server.token.text,
                    .offset = done_,
                    .patience_s = source_.server.patience_s},
                   receiver);
    if (result.fault == HttpFault::unwanted && !too_long_ && !source_.server.stop) {
      result.fault = HttpFault::dropped;
      result.reason = "another part than asked for";
      restart();
    }
    return result;
  }

  const BlobSource& source_;
  const RemoteFile& file_;
  const BytesGained& gained_;
  AtomicFile incomplete_;
  Digest digest_;
  int64_t done_ = 0, furthest_ = 0, downloaded_ = 0;
  bool too_long_ = false;
};

}  // namespace

int64_t bytes_there(const BlobSource& source, const RemoteFile& file) {
  if (!source.snapshot.content(file).empty()) return file.bytes;
  const int64_t incomplete = size_of_file(leftover_path(source.snapshot.blob(file), Temporary::resumed));
  return incomplete > 0 && incomplete <= file.bytes ? incomplete : 0;
}

int64_t fetch_blob(const BlobSource& source, HttpClient& client, const RemoteFile& file,
                   const BytesGained& gained) {
  if (!source.snapshot.content(file).empty()) return 0;
  FileLock lock(source.cache.locks(source.repository) + "/" + file.hash + ".lock");
  const int64_t before = bytes_there(source, file);
  if (!lock.try_lock()) {
    source.server.notice(fmt::format("{}: another program downloads it; waiting", file.name));
    if (!lock.wait(source.server.stop)) return 0;
    gained(bytes_there(source, file) - before);
  }
  if (!source.snapshot.content(file).empty()) return 0;
  BlobDownload download(source, file, source.snapshot.blob(file), gained);
  download.run(client);
  return download.downloaded();
}

std::string hash_of_file(const std::string& path, const RemoteFile& file) {
  Digest digest = digest_of(file);
  digest.add(map_file(path).bytes);
  return digest.finish();
}

}  // namespace janus::hub
