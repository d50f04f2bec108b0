#pragma once

#include "drivers/guest_files.hpp"
#include "tests/drivers/contract/support.hpp"

namespace moult::contract {

/// One side of a set: where its files are, and a way to change them that is not the helper's own replay.
struct FilesSide {
  GuestFiles& files;
  GuestAccess& access;
  std::string root;  ///< absolute; the two sides' may differ; made empty at the beginning of each promise
};

/// What every pair of GuestFiles promises. Each function is one promise on a fresh, empty pair of directories.
struct FilesContext {
  FilesSide source, target;
  std::string set;   ///< not used by another promise on these helpers
  Wait wait;         ///< also lets events arrive
  bool real = true;  ///< false: time is simulated, and a writer that waits for a thaw cannot wait beside the test
  bool same_process = true;  ///< false: a failing sink is heard of when the source has already sent everything
};

void the_first_round_makes_the_sides_equal(const FilesContext& context);
void rounds_carry_what_is_created_changed_renamed_and_deleted(const FilesContext& context);
void pending_counts_what_waits_and_a_round_takes_it(const FilesContext& context);
void starting_capture_again_loses_nothing(const FilesContext& context);
void a_sink_that_fails_keeps_the_paths_for_the_next_round(const FilesContext& context);
void a_round_that_is_cut_short_is_not_applied(const FilesContext& context);
void a_path_changed_on_both_sides_is_a_conflict(const FilesContext& context);
void rules_decide_conflicts(const FilesContext& context);
void accepted_changes_are_not_the_targets_own(const FilesContext& context);
void excluded_paths_stay_where_they_are(const FilesContext& context);
void digests_are_equal_after_a_round_and_differ_by_a_byte(const FilesContext& context);
void a_target_restored_from_its_manifest_remembers(const FilesContext& context);
void an_unknown_set_is_an_error(const FilesContext& context);
void a_freeze_stops_writers_until_the_thaw(const FilesContext& context);
void a_freeze_ends_with_its_lease_and_says_so(const FilesContext& context);

/// Makes a fresh context for the promise of this name.
using MakeFiles = std::function<void(const std::string& name, const std::function<void(const FilesContext&)>& promise)>;
/// All of them.
void guest_files_contract(const MakeFiles& make);

}  // namespace moult::contract
