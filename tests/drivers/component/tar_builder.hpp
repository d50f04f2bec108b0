#pragma once

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

namespace moult::test {

/// Writes ustar by hand, so that a test can say what no tar program would.
class TarBuilder {
 public:
  TarBuilder& add(const std::string& name, char type, const std::string& link = {}, const std::string& content = {},
                  unsigned mode = 0644) {
    header(name, type, link, content.size(), mode);
    text_ += content;
    text_.resize((text_.size() + 511) / 512 * 512);
    return *this;
  }
  TarBuilder& file(const std::string& name, const std::string& content, unsigned mode = 0644) {
    return add(name, '0', {}, content, mode);
  }
  /// A header alone, that claims a size.
  void header(const std::string& name, char type, const std::string& link, unsigned long long size, unsigned mode) {
    std::array<char, 512> block{};
    std::strncpy(block.data(), name.c_str(), 100);
    std::snprintf(&block[100], 8, "%07o", mode);
    std::snprintf(&block[108], 8, "%07o", 1000U);
    std::snprintf(&block[116], 8, "%07o", 1000U);
    std::snprintf(&block[124], 12, "%011llo", size);
    std::snprintf(&block[136], 12, "%011o", 1700000000U);
    std::memset(&block[148], ' ', 8);
    block[156] = type;
    std::strncpy(&block[157], link.c_str(), 100);
    std::memcpy(&block[257], "ustar\00000", 8);
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    std::snprintf(&block[148], 8, "%06o", sum);
    text_.append(block.data(), block.size());
  }
  [[nodiscard]] std::string finish() const { return text_ + std::string(1024, '\0'); }
  [[nodiscard]] const std::string& unfinished() const { return text_; }

 private:
  std::string text_;
};

}  // namespace moult::test
