#pragma once

#include <algorithm>
#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/sim/faults.hpp"
#include "drivers/sim/options.hpp"
#include "drivers/sim/rng.hpp"
#include "drivers/sim/state.hpp"
#include "drivers/sim/trace.hpp"
#include "drivers/sim/vendor.hpp"

namespace moult::sim {

/// Opens and closes the world around each call, where it is shared with other processes and threads. May nest.
class Doorkeeper {
 public:
  virtual ~Doorkeeper() = default;
  virtual Result<> open() = 0;
  virtual void close() = 0;
  /// Real time that a logical pause takes, so that processes that wait for each other do not spin. Not within a visit.
  virtual void pause(Time by) = 0;
};

/// A small world: hosts, machines, disks, guests, an entry and clients that write, on a logical clock. Nothing happens
/// unless time advances, and time advances only in calls and sleeps. Not thread-safe, except by SimPlatform's lock.
class World {
 public:
  explicit World(const SimOptions& options);

  // Time. ------------------------------------------------------------------------------------------------
  [[nodiscard]] Time now() const { return now_; }
  /// What the caller does takes this long; the world goes on meanwhile, unless it is ahead of the caller.
  void advance(Time by);
  void advance_to(Time until);
  /// A pause of the process that calls; the world goes on meanwhile.
  void sleep(Time by);
  /// Advances until `done`, at most to `deadline`; true when it was done.
  bool advance_until(Time deadline, const std::function<bool()>& done);
  /// Jobs that run side by side are run one after another: the world is then ahead of all but the first, whose calls
  /// take no time until they have caught up. What they do is seen late, by less than the longest job takes.
  [[nodiscard]] Time callers_now() const { return now_ - ahead_; }
  void set_callers_now(Time at) { ahead_ = std::max<Time>(now_ - at, 0); }
  [[nodiscard]] std::int64_t wall_offset_s() const { return wall_offset_s_; }

  // Calls through the seams. -----------------------------------------------------------------------------
  /// One call: takes its time, meets its fault, has its effect. `effect` returns a Result; what it changed is settled
  /// (invariants checked) before anything else happens.
  template <typename Effect>
  std::invoke_result_t<Effect> call(CallId id, const MachineRef* on, Effect effect) {
    const Visit visit(keeper_);
    if (!visit.opened) return Unexpected(visit.opened.error());
    Fault fault;
    if (auto go = enter(id, on, fault); !go) return Unexpected(std::move(go).error());
    auto result = effect();
    keep_answer(id, on, fault, result);
    if (auto done = leave(id, on, fault, result.has_value()); !done) return Unexpected(std::move(done).error());
    return result;
  }
  /// A look at the world that takes no time and meets no fault.
  template <typename Look>
  std::invoke_result_t<Look> peek(Look look) {
    const Visit visit(keeper_);
    return look();
  }
  void set_keeper(Doorkeeper* keeper) { keeper_ = keeper; }
  /// Between two parts of a call: an error when the call's fault stops it half way.
  Result<> part();
  /// Does this call's command meet a fault?
  [[nodiscard]] bool command_fails() { return std::exchange(command_fails_, false); }
  /// Is what this call carries altered on its way?
  [[nodiscard]] bool garbles() { return std::exchange(garbles_, false); }
  /// The process that calls is dead: its calls have no effect until a new one is born.
  [[nodiscard]] bool dead() const { return dead_; }
  void kill();
  void revive() { dead_ = false; }
  FaultChooser& faults() { return faults_; }
  void free_space(std::uint64_t bytes);
  /// Every host can be asked again.
  void start_daemons();

  // Machines. --------------------------------------------------------------------------------------------
  /// The domain of this name on this host; null: none.
  Domain* find(const MachineRef& ref);
  [[nodiscard]] int index_of(const Domain& domain) const;
  Domain* at(int index) { return index < 0 ? nullptr : domains_[static_cast<std::size_t>(index)].get(); }
  Domain& add(Domain domain);
  void remove(const Domain& domain);
  [[nodiscard]] const std::vector<std::unique_ptr<Domain>>& domains() const { return domains_; }
  Host& host(const std::string& uri) { return hosts_[uri]; }
  [[nodiscard]] bool knows_host(const std::string& uri) const { return hosts_.count(uri) != 0; }
  Layer* layer(const std::string& uri, const std::string& path);
  void power_on(Domain& domain);
  void power_off(Domain& domain, PowerState state = PowerState::off);
  /// A kernel panic: reboots by itself where the options say so.
  void crash(Domain& domain);
  /// Its processors stand still: it has its memory, its disks and its place on the network, and does nothing.
  void hang(Domain& domain);
  void put_on(Domain& domain, std::size_t nic, const std::string& source);

  // Files. -----------------------------------------------------------------------------------------------
  Tree& tree(Domain& domain);
  void write(Domain& domain, const std::string& path, FileNode node, bool silent = false);
  void erase(Domain& domain, const std::string& path);
  [[nodiscard]] bool frozen(const Domain& domain) const { return domain.guest.frozen_until != 0; }
  void freeze(Domain& domain, Time until);
  void thaw(Domain& domain, bool by_lease);
  /// The files of a disk go where the disk goes: into its own layer, and among the machine's files again.
  void unmount(Domain& domain, const std::string& target);
  void mount(Domain& domain, const std::string& target);
  /// A new layer shows what the one below it holds.
  void see_through(const std::string& uri, const std::string& path);
  /// Every disk that changes hands, and that the machine's services need, is there.
  [[nodiscard]] bool has_data(const Domain& domain) const;
  /// The first disk is the one that clients' writes go to.
  void limit_disk(Domain& domain, std::size_t disk, std::uint64_t bytes_per_second);
  void set_stopped(Domain& domain, const std::string& unit, bool stopped);
  [[nodiscard]] const Vendor& vendor() const { return *vendor_; }

  // Entry and clients. -----------------------------------------------------------------------------------
  Gatehouse& gate() { return gate_; }
  void hold(Time until);
  void release_held();
  [[nodiscard]] unsigned in_flight() const;
  [[nodiscard]] const Accounts& accounts() const { return accounts_; }
  [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }
  [[nodiscard]] std::string note_path(const Note& note) const;
  /// Every machine of the appliance has one side that answers clients.
  [[nodiscard]] bool serves() const { return all_served_; }
  /// The domain that clients of a machine reach; null: none.
  [[nodiscard]] const Domain* serving(const std::string& machine) const;

  // Promises. --------------------------------------------------------------------------------------------
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  /// Something changed on which promises depend: they are judged when the call's effect is complete.
  void stir() { stirred_ = true; }
  /// The disks of the side that serves were exchanged under it: clients' notes are compared too.
  void stir_disks() {
    last_acker_ = -1;
    ++disks_turn_;
    stir();
  }
  /// Compares what clients know with what the serving side has, now.
  void check_notes();
  void violate(std::string invariant, std::string text);
  /// For a test that expected what was broken: what follows is judged anew.
  void forgive() { violations_.clear(); }
  [[nodiscard]] const Trace& trace() const { return trace_; }
  void note(std::string_view what, std::int64_t first = 0, std::int64_t second = 0) {
    trace_.add(now_, what, first, second);
  }
  /// Everything that a run may leave behind, as lines that can be compared; with `contents`, the disks' too.
  [[nodiscard]] std::string inventory(bool contents = true) const;
  [[nodiscard]] const SimOptions& options() const { return options_; }
  Rng& rng() { return rng_; }

  /// The world as text (JSON), for one that outlives its process; what it holds that is long or no text goes to
  /// `blobs`.
  [[nodiscard]] std::string save(
      const std::function<void(const std::string& name, const std::string& content)>& blobs) const;
  /// Goes on in a saved world. Errors: invalid, for another appliance's world too; the present one is then lost.
  Result<> load(const std::string& text, const std::function<Result<std::string>(const std::string& name)>& blobs);

 private:
  /// One stay in the world.
  struct Visit {
    explicit Visit(Doorkeeper* doorkeeper) : keeper(doorkeeper) {
      if (keeper != nullptr) opened = keeper->open();
    }
    ~Visit() {
      if (keeper != nullptr && opened) keeper->close();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    Doorkeeper* keeper;
    Result<> opened;
  };
  enum class EventKind : std::uint8_t { client, thaw, boot, hold_end };
  struct Event {
    Time at;
    std::uint64_t order;
    EventKind kind;
    int who;
    std::uint32_t turn;
    friend bool operator<(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  void schedule(Time at, EventKind kind, int who, std::uint32_t turn = 0);
  void happen(const Event& event);
  void reschedule();
  /// A question's answer is remembered, and given again when a fault makes the next one stale.
  template <typename Value>
  void keep_answer(CallId id, const MachineRef* on, const Fault& fault, Result<Value>& result) {
    if constexpr (std::is_copy_constructible_v<Value> && !std::is_void_v<Value>) {
      if (facts_of(id).changes || !result || !faults_.may(FaultKind::stale)) return;
      auto& before = answers_[{id, on != nullptr ? on->domain : std::string()}];
      const auto* old = std::any_cast<Value>(&before);
      if (fault.kind == FaultKind::stale && old != nullptr)
        result = *old;
      else
        before = *result;
    }
  }
  Result<> enter(CallId id, const MachineRef* on, Fault& fault);
  Result<> meet(CallId id, const MachineRef* on, const Fault& fault);
  Result<> leave(CallId id, const MachineRef* on, const Fault& fault, bool good);
  void strike(const Fault& fault, const MachineRef* on);
  void settle();
  [[nodiscard]] bool reachable(const Domain& domain) const;
  [[nodiscard]] bool acknowledges(const Domain& domain) const;
  int judge_role(int role);
  void judge_isolation();
  void judge_layers();
  [[nodiscard]] bool reads_through(const Domain& domain, const std::string& path);
  void check_notes(Domain& domain);
  void notice(Domain& domain, const std::string& path, bool silent);
  void build_machine(const MachineEntry& entry, int role);
  void build_components();
  void build_disk(Domain& domain, const DataSpec& data);
  void build_data(Domain& domain, const DataSpec& data);

  void wake_client(int who, Time after);
  void step_client(int who);
  void choose_request(Client& client, std::uint32_t who);
  void knock(int who);
  void go_in(int who);
  void take_effect(int who);
  void acknowledge(int who);
  void fail_client(int who);
  void apply_write(Client& client, Domain& domain);
  void judge_note(const Note& note, const Tree& tree, bool new_form, const char* when);
  /// Has the data's owner its target level on this disk, and is its data in another form there?
  [[nodiscard]] bool in_new_form(const Tree& tree) const;
  void wake_blocked(int domain);
  void fail_blocked(int domain);
  void wake_acking(int domain);
  Time give_disk(Domain& domain);
  /// Some disk has another limit than its owner's.
  [[nodiscard]] static bool is_slowed(const Domain& domain);
  [[nodiscard]] Time think_time();

  SimOptions options_;
  Doorkeeper* keeper_ = nullptr;
  std::shared_ptr<const Vendor> vendor_;
  Rng rng_;
  FaultChooser faults_;
  Trace trace_;
  Time now_ = 0, ahead_ = 0;
  std::int64_t wall_offset_s_ = 0;
  std::uint64_t order_ = 0, stamp_ = 0, disks_turn_ = 1;
  std::vector<Event> events_;
  bool dead_ = false, stirred_ = true, half_way_ = false, command_fails_ = false, garbles_ = false;
  std::map<std::pair<CallId, std::string>, std::any> answers_;  ///< given last, where answers may be stale
  std::map<std::string, Host> hosts_;
  std::vector<std::unique_ptr<Domain>> domains_;
  std::vector<int> serving_;  ///< by role: domain that clients reach, -1: none
  int roles_ = 0, data_role_ = 0, last_acker_ = -1;
  bool all_served_ = false;
  std::vector<std::pair<int, std::string>> handed_mounts_;  ///< by role: where disks that change hands are mounted
  std::string data_root_;
  std::string data_level_path_, data_level_;  ///< where the level stands by which the data's form changes, and which
  Gatehouse gate_;
  std::vector<Client> clients_;
  std::vector<Note> notes_;
  Accounts accounts_;
  Time excited_until_ = 0;
  std::vector<Violation> violations_;
};

}  // namespace moult::sim
