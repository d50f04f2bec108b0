#include "orchestrator/store/chain_hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "descriptors/base/digest.hpp"

namespace moult {
namespace {

/// What one thread hashes with: OpenSSL looks an algorithm up by its name, which costs more than a row does.
class Hasher {
 public:
  /// False: OpenSSL is set up without this.
  bool hash(std::string_view bytes, std::array<unsigned char, 32>& digest) {
    return context_ && sha256_ && EVP_DigestInit_ex(context_.get(), sha256_.get(), nullptr) == 1 &&
           EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
           EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
  }

 private:
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> sha256_{EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

}  // namespace

std::string chain_hash(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  thread_local Hasher hasher;
  std::array<unsigned char, 32> digest{};
  if (!hasher.hash(bytes, digest)) return sha256_hex(bytes);
  std::string text;
  text.reserve(2 * digest.size());
  for (const auto byte : digest) text.append({kDigits[byte >> 4U], kDigits[byte & 15U]});
  return text;
}

}  // namespace moult
