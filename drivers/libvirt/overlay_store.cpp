#include "drivers/libvirt/overlay_store.hpp"

#include <libvirt/libvirt.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <pugixml.hpp>
#include <thread>

#include "drivers/libvirt/names.hpp"
#include "drivers/libvirt/text.hpp"
#include "drivers/libvirt/xml.hpp"

namespace moult::virt {
namespace {

constexpr Millis kStoreDeadline{30000};
constexpr int kOpenTries = 50;
constexpr Millis kOpenPause{100};
constexpr const char* kPoolPrefix = "moult-dir-";

std::string pool_xml(const std::string& directory) {
  pugi::xml_document document;
  auto pool = document.append_child("pool");
  pool.append_attribute("type") = "dir";
  std::string name = kPoolPrefix;
  for (const char c : directory) name += c == '/' ? '.' : c;
  pool.append_child("name").text().set(name.c_str());
  pool.append_child("target").append_child("path").text().set(directory.c_str());
  return xml_text(document);
}

std::string volume_xml(const OverlaySpec& overlay) {
  pugi::xml_document document;
  auto volume = document.append_child("volume");
  volume.append_child("name").text().set(file_name_of(overlay.path).c_str());
  volume.append_child("capacity").text().set(std::to_string(overlay.virtual_bytes).c_str());
  auto target = volume.append_child("target");
  target.append_child("format").append_attribute("type") = "qcow2";
  target.append_child("compat").text().set("1.1");
  auto base = volume.append_child("backingStore");
  base.append_child("path").text().set(overlay.base.c_str());
  base.append_child("format").append_attribute("type") = overlay.base_format.c_str();
  return xml_text(document);
}

/// A directory as an active pool; one that was made for this is unmade at the end, its files stay.
class DirectoryPool {
 public:
  /// Another run on the same host may be looking into the directory now: libvirt lets one look at a time, and refuses
  /// the others.
  static Result<DirectoryPool> open(virConnectPtr connection, const std::string& directory) {
    for (int attempt = 1;; ++attempt) {
      auto opened = open_once(connection, directory);
      if (opened || attempt == kOpenTries) return opened;
      std::this_thread::sleep_for(kOpenPause);
    }
  }
  static Result<DirectoryPool> open_once(virConnectPtr connection, const std::string& directory) {
    DirectoryPool opened;
    opened.pool_.reset(virStoragePoolLookupByTargetPath(connection, directory.c_str()));
    if (opened.pool_) {
      // Files come and go behind a pool's back: blocks that were committed, another run's end.
      if (virStoragePoolRefresh(opened.pool_.get(), 0) < 0)
        return virt_fail("refresh of the storage pool at " + directory, Effect::none);
    } else {
      opened.pool_.reset(virStoragePoolCreateXML(connection, pool_xml(directory).c_str(), 0));
      if (!opened.pool_) return virt_fail("look into directory " + directory, Effect::none);
    }
    return opened;
  }
  DirectoryPool() = default;
  DirectoryPool(DirectoryPool&&) = default;
  DirectoryPool& operator=(DirectoryPool&&) = default;
  DirectoryPool(const DirectoryPool&) = delete;
  DirectoryPool& operator=(const DirectoryPool&) = delete;
  ~DirectoryPool() {
    if (pool_ && std::string(virStoragePoolGetName(pool_.get())).starts_with(kPoolPrefix))
      virStoragePoolDestroy(pool_.get());
  }
  [[nodiscard]] virStoragePoolPtr get() const { return pool_.get(); }
  [[nodiscard]] VolumeHandle volume(const std::string& path) const {
    return VolumeHandle(virStorageVolLookupByName(pool_.get(), file_name_of(path).c_str()));
  }

 private:
  PoolHandle pool_;
};

Result<std::string> base_of(virStorageVolPtr volume) {
  MOULT_ASSIGN(const std::string xml, take_text(virStorageVolGetXMLDesc(volume, 0), "description of a volume"));
  pugi::xml_document document;
  MOULT_TRY(parse_xml(xml, document));
  return std::string(document.child("volume").child("backingStore").child("path").text().as_string());
}

Result<> create_one(const DirectoryPool& pool, const OverlaySpec& overlay) {
  if (const auto existing = pool.volume(overlay.path)) {
    MOULT_ASSIGN(const std::string base, base_of(existing.get()));
    if (base == overlay.base) return {};
    if (virStorageVolDelete(existing.get(), 0) < 0)
      return virt_fail("delete the outdated overlay " + overlay.path, Effect::changes);
  }
  const VolumeHandle made(virStorageVolCreateXML(pool.get(), volume_xml(overlay).c_str(), 0));
  if (!made) return virt_fail("create overlay " + overlay.path, Effect::changes);
  return {};
}

// Nothing where this user may not look.
std::optional<std::vector<std::string>> existing_here(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const auto& path : paths) {
    struct stat entry {};
    if (::stat(path.c_str(), &entry) == 0) {
      found.push_back(path);
    } else if (errno != ENOENT) {
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace

Result<> OverlayStore::create(Host& host, const std::vector<OverlaySpec>& overlays) {
  if (overlays.empty()) return {};
  const std::lock_guard lock(mutex_);
  const auto directory = directory_of(overlays.front().path);
  return host.call<void>({"create overlays in " + directory, Effect::changes, kStoreDeadline},
                         [=](virConnectPtr connection) -> Result<> {
                           MOULT_ASSIGN(const DirectoryPool pool, DirectoryPool::open(connection, directory));
                           for (const auto& overlay : overlays) MOULT_TRY(create_one(pool, overlay));
                           return {};
                         });
}

Result<> OverlayStore::remove(Host& host, const std::vector<std::string>& paths) {
  if (paths.empty()) return {};
  const std::lock_guard lock(mutex_);
  const auto directory = directory_of(paths.front());
  return host.call<void>({"delete overlays in " + directory, Effect::changes, kStoreDeadline},
                         [=](virConnectPtr connection) -> Result<> {
                           MOULT_ASSIGN(const DirectoryPool pool, DirectoryPool::open(connection, directory));
                           for (const auto& path : paths) {
                             const auto volume = pool.volume(path);
                             if (volume && virStorageVolDelete(volume.get(), 0) < 0)
                               return virt_fail("delete overlay " + path, Effect::changes);
                           }
                           return {};
                         });
}

Result<std::vector<std::string>> OverlayStore::existing(Host& host, const std::vector<std::string>& paths) {
  using Found = std::vector<std::string>;
  if (paths.empty()) return Found{};
  if (is_local(host.uri())) {
    if (auto seen = existing_here(paths)) return std::move(*seen);
  }
  const std::lock_guard lock(mutex_);
  const auto directory = directory_of(paths.front());
  return host.call<Found>({"look for overlays in " + directory, Effect::none, kStoreDeadline},
                          [=](virConnectPtr connection) -> Result<Found> {
                            MOULT_ASSIGN(const DirectoryPool pool, DirectoryPool::open(connection, directory));
                            Found found;
                            for (const auto& path : paths)
                              if (pool.volume(path)) found.push_back(path);
                            return found;
                          });
}

Result<std::uint64_t> OverlayStore::free_bytes(Host& host, const std::string& directory) {
  struct statvfs room {};
  if (is_local(host.uri()) && ::statvfs(directory.c_str(), &room) == 0)
    return static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
  const std::lock_guard lock(mutex_);
  return host.call<std::uint64_t>({"free space of " + directory, Effect::none, kStoreDeadline},
                                  [=](virConnectPtr connection) -> Result<std::uint64_t> {
                                    MOULT_ASSIGN(const DirectoryPool pool, DirectoryPool::open(connection, directory));
                                    virStoragePoolInfo info{};
                                    if (virStoragePoolGetInfo(pool.get(), &info) < 0)
                                      return virt_fail("free space of " + directory, Effect::none);
                                    return static_cast<std::uint64_t>(info.available);
                                  });
}

bool is_local(const std::string& uri) {
  const auto colon = uri.find("://");
  if (colon == std::string::npos) return false;
  const auto scheme = uri.substr(0, colon);
  const bool unix_transport = scheme.find('+') == std::string::npos || scheme.ends_with("+unix");
  return unix_transport && uri.substr(colon + 3).starts_with("/");
}

}  // namespace moult::virt
