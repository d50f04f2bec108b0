#include "drivers/sim/world_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace moult::sim {
namespace {

constexpr Millis kLongestPause{20};

Unexpected io_error(const std::string& what) { return fail(Code::io, what + ": " + std::strerror(errno)); }

/// A version of the file: writing replaces it by another inode.
std::string version_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return {};
  return std::to_string(st.st_ino) + " " + std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec);
}

Result<std::string> read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return io_error("cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool write_whole(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.flush();
  return static_cast<bool>(file);
}

}  // namespace

Result<> WorldFile::begin() {
  MOULT_TRY(open());
  if (!seen_.empty()) {
    close();
  } else {
    auto written = write();
    close();
    MOULT_TRY(std::move(written));
  }
  world_.set_keeper(this);
  return {};
}

Result<> WorldFile::open() {
  mutex_.lock();
  if (depth_++ != 0) return {};
  const auto give_up = [this](Unexpected error) -> Result<> {
    --depth_;
    lock_.reset();
    mutex_.unlock();
    return error;
  };
  lock_.reset(::open((path_ + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_) return give_up(io_error("cannot open " + path_ + ".lock"));
  if (::flock(lock_.get(), LOCK_EX) != 0) return give_up(io_error("cannot lock " + path_));
  if (auto read = read_if_newer(); !read) return give_up(Unexpected(std::move(read).error()));
  return {};
}

void WorldFile::close() {
  if (--depth_ == 0) {
    if (!seen_.empty()) (void)write();  // a full disk shows at the next call, which reads the older world
    lock_.reset();
  }
  mutex_.unlock();
}

void WorldFile::pause(Time by) {
  std::this_thread::sleep_for(std::min<std::chrono::microseconds>(std::chrono::microseconds(by), kLongestPause));
}

Result<> WorldFile::read_if_newer() {
  const auto version = version_of(path_);
  if (version == seen_) return {};
  if (version.empty()) return fail(Code::io, "the world file " + path_ + " is gone");
  MOULT_ASSIGN(const auto text, read_whole(path_));
  auto loaded = world_.load(text, [this](const std::string& name) { return read_whole(path_ + ".d/" + name); });
  if (!loaded) return pass(std::move(loaded), "world file " + path_);
  seen_ = version;
  return {};
}

Result<> WorldFile::write() {
  const auto folder = path_ + ".d";
  const auto text = world_.save([&](const std::string& name, const std::string& content) {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    if (!std::filesystem::exists(folder + "/" + name)) write_whole(folder + "/" + name, content);
  });
  if (!write_whole(path_ + ".new", text)) return io_error("cannot write " + path_ + ".new");
  if (::rename((path_ + ".new").c_str(), path_.c_str()) != 0) return io_error("cannot replace " + path_);
  seen_ = version_of(path_);
  return {};
}

}  // namespace moult::sim
