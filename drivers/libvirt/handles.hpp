#pragma once

#include <memory>

// libvirt's own opaque types, declared here so that its header stays in this folder's .cpp files.
// NOLINTBEGIN(bugprone-reserved-identifier)
struct _virConnect;
struct _virDomain;
struct _virNetwork;
struct _virStoragePool;
struct _virStorageVol;
struct _virStream;
// NOLINTEND(bugprone-reserved-identifier)

namespace moult::virt {

struct Release {
  void operator()(_virConnect* connection) const;
  void operator()(_virDomain* domain) const;
  void operator()(_virNetwork* network) const;
  void operator()(_virStoragePool* pool) const;
  void operator()(_virStorageVol* volume) const;
  void operator()(_virStream* stream) const;
};

template <typename T>
using Handle = std::unique_ptr<T, Release>;
using DomainHandle = Handle<_virDomain>;
using NetworkHandle = Handle<_virNetwork>;
using PoolHandle = Handle<_virStoragePool>;
using VolumeHandle = Handle<_virStorageVol>;
using StreamHandle = Handle<_virStream>;

/// Shared, because a call that was given up at its deadline still uses the connection.
using Connection = std::shared_ptr<_virConnect>;

}  // namespace moult::virt
