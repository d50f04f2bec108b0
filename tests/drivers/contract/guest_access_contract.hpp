#pragma once

#include "tests/drivers/contract/support.hpp"

namespace moult::contract {

/// What every GuestAccess promises. Each function is one promise, and works on a guest (or machine) with coreutils and
/// sh; `folder` is an existing directory in it that the tests may fill.
struct AccessContext {
  GuestAccess& guest;
  std::string folder;
};

void arguments_reach_the_program_as_they_are(const AccessContext& context);
void output_and_error_streams_stay_apart(const AccessContext& context);
void exit_codes_and_signals_are_outcomes(const AccessContext& context);
void input_is_passed_whole_and_ends(const AccessContext& context);
void environment_is_plain_and_takes_additions(const AccessContext& context);
void a_command_that_takes_too_long_is_killed(const AccessContext& context);
void output_over_the_limit_is_cut_and_said(const AccessContext& context);
void a_missing_program_is_not_found(const AccessContext& context);
void a_file_comes_back_as_it_was_put(const AccessContext& context);
void putting_replaces_the_file_whole_with_its_mode(const AccessContext& context);
void a_source_that_fails_leaves_the_old_file(const AccessContext& context);
void a_missing_file_is_not_found(const AccessContext& context);
void a_sink_that_fails_stops_the_get(const AccessContext& context);

/// All of them.
void guest_access_contract(const AccessContext& context);

}  // namespace moult::contract
