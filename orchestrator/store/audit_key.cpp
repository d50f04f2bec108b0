#include "orchestrator/store/audit_key.hpp"

#include <sodium.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "orchestrator/store/audit_chain.hpp"
#include "orchestrator/store/small_file.hpp"

namespace moult {
namespace {

void ready() {
  static const int status = sodium_init();
  if (status < 0) std::abort();  // no randomness: nothing may be signed
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text(size * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, size);
  text.pop_back();
  return text;
}

template <std::size_t N>
bool unhex(const std::string& text, std::array<unsigned char, N>& bytes) {
  std::size_t size = 0;
  return text.size() == 2 * N &&
         sodium_hex2bin(bytes.data(), N, text.data(), text.size(), nullptr, &size, nullptr) == 0 && size == N;
}

std::string key_path(const std::string& state_dir) { return state_dir + "/audit.key"; }

}  // namespace

AuditKey AuditKey::generate() {
  ready();
  Seed seed{};
  randombytes_buf(seed.data(), seed.size());
  auto key = of_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

AuditKey AuditKey::of_seed(const Seed& seed) {
  ready();
  AuditKey key;
  key.seed_ = seed;
  crypto_sign_ed25519_seed_keypair(key.public_.data(), key.secret_.data(), seed.data());
  return key;
}

Result<AuditKey> AuditKey::load(const std::string& state_dir) {
  ready();
  MOULT_TRY(check_private_file(key_path(state_dir)));
  MOULT_ASSIGN(auto text, read_small_file(key_path(state_dir)));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  Seed seed{};
  const bool good = unhex(text, seed);
  sodium_memzero(text.data(), text.size());
  if (!good)
    return fail(Code::invalid, key_path(state_dir) + " is no audit key",
                "Restore it from a backup; see docs/audit.md.");
  auto key = of_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

Result<> AuditKey::save(const std::string& state_dir) const {
  auto text = hex(seed_.data(), seed_.size()) + "\n";
  auto written = write_small_file(key_path(state_dir), text);
  sodium_memzero(text.data(), text.size());
  if (!written) return written;
  return write_small_file(state_dir + "/audit.pub", pem_of(public_key()));
}

AuditKey::~AuditKey() {
  sodium_memzero(seed_.data(), seed_.size());
  sodium_memzero(secret_.data(), secret_.size());
}

std::string AuditKey::public_key() const { return hex(public_.data(), public_.size()); }

void AuditKey::sign(SignedHead& head) const {
  const auto bytes = signed_bytes(head);
  std::array<unsigned char, crypto_sign_ed25519_BYTES> signature{};
  crypto_sign_ed25519_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(bytes.data()),
                               bytes.size(), secret_.data());
  head.public_key = public_key();
  head.signature = hex(signature.data(), signature.size());
}

bool signature_holds(const SignedHead& head) {
  ready();
  std::array<unsigned char, crypto_sign_ed25519_BYTES> signature{};
  std::array<unsigned char, crypto_sign_ed25519_PUBLICKEYBYTES> key{};
  if (!unhex(head.signature, signature) || !unhex(head.public_key, key)) return false;
  const auto bytes = signed_bytes(head);
  return crypto_sign_ed25519_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                             bytes.size(), key.data()) == 0;
}

std::string pem_of(const std::string& public_key) {
  // RFC 8410: SubjectPublicKeyInfo of an Ed25519 key is this prefix and the 32 bytes.
  std::vector<unsigned char> der{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  std::array<unsigned char, 32> key{};
  if (!unhex(public_key, key)) return {};
  der.insert(der.end(), key.begin(), key.end());
  std::string text(sodium_base64_ENCODED_LEN(der.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), der.data(), der.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return "-----BEGIN PUBLIC KEY-----\n" + text + "\n-----END PUBLIC KEY-----\n";
}

}  // namespace moult
