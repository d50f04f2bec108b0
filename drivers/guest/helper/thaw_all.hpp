#pragma once

namespace moult::guest {

/// Thaws every file system on a block device: the last resort when the process that froze some has died, and its lease
/// with it. One that is not frozen takes no notice.
void thaw_all();

}  // namespace moult::guest
