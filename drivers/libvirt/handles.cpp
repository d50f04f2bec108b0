#include "drivers/libvirt/handles.hpp"

#include <libvirt/libvirt.h>

namespace moult::virt {

void Release::operator()(_virConnect* connection) const { virConnectClose(connection); }
void Release::operator()(_virDomain* domain) const { virDomainFree(domain); }
void Release::operator()(_virNetwork* network) const { virNetworkFree(network); }
void Release::operator()(_virStoragePool* pool) const { virStoragePoolFree(pool); }
void Release::operator()(_virStorageVol* volume) const { virStorageVolFree(volume); }
void Release::operator()(_virStream* stream) const { virStreamFree(stream); }

}  // namespace moult::virt
