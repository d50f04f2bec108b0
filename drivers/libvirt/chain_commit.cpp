#include "drivers/libvirt/chain_commit.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <map>

#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kRoundDeadline{30000};
constexpr Millis kStartDeadline{60000};
constexpr std::chrono::seconds kNoProgress{60};
constexpr Millis kLookAgain{200};  ///< where no event tells of a job; also how often its progress is seen

/// What one look at the jobs saw and did.
struct Round {
  std::size_t left = 0;             ///< disks whose top is still an overlay
  unsigned long long progress = 0;  ///< grows as the jobs do
};

class Committer {
 public:
  Committer(Host& host, const std::string& domain, const std::set<std::string>& overlays)
      : host_(host), domain_(domain), overlays_(overlays) {}

  Result<> run() {
    auto moved_at = std::chrono::steady_clock::now();
    unsigned long long progress = 0;
    while (true) {
      const auto told = host_.events().told();
      MOULT_ASSIGN(const Round round, one_round());
      if (round.left == 0) return {};
      const auto now = std::chrono::steady_clock::now();
      if (round.progress != progress) moved_at = now;
      progress = round.progress;
      if (now - moved_at > kNoProgress) return stuck();
      host_.events().await(told, kLookAgain);
    }
  }

 private:
  Result<Round> one_round() {
    const auto overlays = overlays_;
    using Answer = std::pair<Round, std::set<std::string>>;
    auto answer =
        host_.on_domain<Answer>({"commit overlays of domain " + domain_, Effect::changes, kRoundDeadline}, domain_,
                                [overlays, before = started_](virDomainPtr domain) -> Result<Answer> {
                                  auto started = before;
                                  MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
                                  MOULT_ASSIGN(const Description seen, read_description(xml));
                                  Round round;
                                  for (const auto& disk : seen.disks) {
                                    if (!overlays.contains(disk.path)) continue;
                                    MOULT_TRY(advance(domain, disk, started, round));
                                    // A disk that changed hands has two overlays: the lower one's turn comes next.
                                    if (disk.mirror_ready && disk.chain.size() > 1 && overlays.contains(disk.chain[1]))
                                      ++round.left;
                                  }
                                  return Answer{round, started};
                                });
    if (!answer) return Unexpected(std::move(answer).error());
    started_ = std::move(answer->second);
    return answer->first;
  }

  static Result<> advance(virDomainPtr domain, const DiskEntry& disk, std::set<std::string>& started, Round& round) {
    const std::string what = "commit of disk " + disk.target + " of domain " + virDomainGetName(domain);
    if (disk.mirror_ready) {
      if (virDomainBlockJobAbort(domain, disk.target.c_str(), VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) < 0)
        return virt_fail(what, Effect::changes);
      return {};
    }
    ++round.left;
    virDomainBlockJobInfo job{};
    const int jobs = virDomainGetBlockJobInfo(domain, disk.target.c_str(), &job, 0);
    if (jobs < 0) return virt_fail(what, Effect::none);
    if (jobs > 0 && job.type != VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT)
      return fail(Code::busy, what + ": another block job is running on it", "wait for it, see `virsh blockjob`");
    round.progress += job.cur + (jobs > 0 ? 1U : 0U);
    if (jobs > 0) return {};
    if (!started.insert(disk.path).second)
      return fail(Code::failed, what + ": it ended before its time",
                  "see the machine's log under /var/log/libvirt/qemu; a full disk is the usual reason");
    const unsigned flags = VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | VIR_DOMAIN_BLOCK_COMMIT_SHALLOW;
    if (virDomainBlockCommit(domain, disk.target.c_str(), nullptr, nullptr, 0, flags) < 0)
      return virt_fail(what, Effect::changes);
    return {};
  }

  Result<> stuck() const {
    Error error{Code::timeout,
                "the commit of domain " + domain_ + "'s overlays makes no progress",
                "see `virsh blockjob`; it may be tried again",
                {},
                Disposition::retry};
    return Unexpected(std::move(error));
  }

  Host& host_;
  const std::string& domain_;
  const std::set<std::string>& overlays_;
  std::set<std::string> started_;
};

enum class Need { nothing, commit, start_and_commit };

Result<Need> need_of(Host& host, const std::string& domain, const std::set<std::string>& overlays) {
  return host.on_domain<Need>(
      {"look at the disks of domain " + domain}, domain, [overlays](virDomainPtr found) -> Result<Need> {
        MOULT_ASSIGN(const std::string xml, domain_xml(found, Which::live));
        MOULT_ASSIGN(const Description seen, read_description(xml));
        const bool any = std::any_of(seen.disks.begin(), seen.disks.end(),
                                     [&](const DiskEntry& disk) { return overlays.contains(disk.path); });
        if (!any) return Need::nothing;
        return is_running(found) ? Need::commit : Need::start_and_commit;
      });
}

Result<> start_paused(Host& host, const std::string& domain) {
  const std::string what = "start domain " + domain + " paused, to commit its overlays";
  return host.on_domain<void>({what, Effect::changes, kStartDeadline}, domain, [what](virDomainPtr found) -> Result<> {
    if (virDomainCreateWithFlags(found, VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY) < 0)
      return virt_fail(what, Effect::changes);
    return {};
  });
}

Result<> power_off(Host& host, const std::string& domain) {
  const std::string what = "turn domain " + domain + " off again";
  return host.on_domain<void>({what, Effect::changes, kRoundDeadline}, domain, [what](virDomainPtr found) -> Result<> {
    if (is_running(found) && virDomainDestroy(found) < 0 && is_running(found)) return virt_fail(what, Effect::changes);
    return {};
  });
}

}  // namespace

Result<> commit_overlays(Host& host, const std::string& domain, const std::set<std::string>& overlays) {
  MOULT_ASSIGN(const Need need, need_of(host, domain, overlays));
  if (need == Need::nothing) return {};
  if (need == Need::commit) return Committer(host, domain, overlays).run();
  MOULT_TRY(start_paused(host, domain));
  auto committed = Committer(host, domain, overlays).run();
  auto off = power_off(host, domain);
  if (!committed) return committed;
  return off;
}

}  // namespace moult::virt
