#pragma once

#include <array>
#include <string>

#include "orchestrator/store/audit_log.hpp"

namespace moult {

/// The Ed25519 key that signs heads. Its bytes are wiped at the end.
class AuditKey {
 public:
  using Seed = std::array<unsigned char, 32>;

  [[nodiscard]] static AuditKey generate();
  [[nodiscard]] static AuditKey of_seed(const Seed& seed);
  /// Reads `<state_dir>/audit.key`; not_found where it is missing, refused where others may read it, invalid.
  [[nodiscard]] static Result<AuditKey> load(const std::string& state_dir);
  /// Writes audit.key (0600) and audit.pub (PEM, for openssl).
  [[nodiscard]] Result<> save(const std::string& state_dir) const;

  AuditKey(const AuditKey&) = default;
  AuditKey& operator=(const AuditKey&) = default;
  ~AuditKey();

  /// In hex.
  [[nodiscard]] std::string public_key() const;
  /// Fills in public_key and signature.
  void sign(SignedHead& head) const;

 private:
  AuditKey() = default;
  Seed seed_{};
  std::array<unsigned char, 64> secret_{};
  std::array<unsigned char, 32> public_{};
};

/// Whether the signature is of the head's own public key.
[[nodiscard]] bool signature_holds(const SignedHead& head);

/// A public key in hex as PEM, as openssl reads it.
[[nodiscard]] std::string pem_of(const std::string& public_key);

}  // namespace moult
