#pragma once

#include <string_view>

namespace moult::parse {

/// What a text must look like. The JSON Schemas say the same as patterns; a test compares verdicts.
struct TextRule {
  std::string_view expected;  ///< "an absolute path without .."
  bool (*accepts)(std::string_view text);
};

extern const TextRule kAnyText, kLine, kName, kIdentifier, kDomainName, kHostUri, kAbsolutePath, kDirectory,
    kPayloadName, kPattern, kSha256, kPackageName, kDiskTarget, kTableName, kUnitName, kFrontendName, kBackendName,
    kMapName, kHttpPath, kHttpUrl;

}  // namespace moult::parse
