#include "migration/postgresql/definitions.hpp"

#include <fmt/format.h>

namespace moult::postgresql {
namespace {

/// A table has its number with it: one that is made anew under its name is no longer published.
constexpr const char* kRelations = R"(
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' ELSE 'table' END AS kind,
         format('%I.%I', n.nspname, c.relname) AS name, c.tableoid AS class, c.oid,
         concat_ws('|', c.relkind, c.relpersistence, c.relreplident, c.relowner::regrole, c.relacl, c.reloptions,
           c.relrowsecurity, c.relforcerowsecurity, c.reltablespace, c.reloftype,
           CASE WHEN c.relkind IN ('r', 'p') THEN c.oid END,
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) WHEN c.relkind IN ('i', 'I')
           THEN pg_get_indexdef(c.oid) WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
           CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
           (SELECT i.indisreplident FROM pg_index i WHERE i.indexrelid = c.oid),
           (SELECT string_agg(h.inhparent::regclass::text, ',' ORDER BY h.inhseqno) FROM pg_inherits h
            WHERE h.inhrelid = c.oid),
           (SELECT to_jsonb(f) FROM pg_foreign_table f WHERE f.ftrelid = c.oid),
           (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
              a.attidentity, a.attgenerated, a.attacl, a.attcollation, a.attstorage, a.attstattarget, a.attoptions,
              a.attfdwoptions, pg_get_expr(d.adbin, d.adrelid)), ',' ORDER BY a.attnum)
            FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           (SELECT string_agg(concat_ws(' ', o.conname, pg_get_constraintdef(o.oid),
              (SELECT r.description FROM pg_description r WHERE r.objoid = o.oid AND r.classoid = o.tableoid)), ','
              ORDER BY o.conname) FROM pg_constraint o WHERE o.conrelid = c.oid),
           (SELECT string_agg(concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled,
              (SELECT r.description FROM pg_description r WHERE r.objoid = t.oid AND r.classoid = t.tableoid)), ','
              ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
           (SELECT concat_ws(' ', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
              s.seqtypid::regtype) FROM pg_sequence s WHERE s.seqrelid = c.oid)) AS definition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind <> 't' AND {0}
  UNION ALL SELECT 'policy', format('%I on %I.%I', p.polname, n.nspname, c.relname), p.tableoid, p.oid,
      to_jsonb(p)::text
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {0}
  UNION ALL SELECT 'rule', format('%I on %I.%I', r.rulename, n.nspname, c.relname), r.tableoid, r.oid,
      concat_ws('|', r.ev_enabled, pg_get_ruledef(r.oid))
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND {0}
  UNION ALL SELECT 'statistics', format('%I.%I', n.nspname, s.stxname), s.tableoid, s.oid, to_jsonb(s)::text
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {0})";

/// A row of these holds whatever can be said of the object, also what a later version of PostgreSQL adds.
constexpr const char* kCode = R"(
  UNION ALL SELECT 'function', p.oid::regprocedure::text, p.tableoid, p.oid, concat_ws('|', to_jsonb(p),
      CASE WHEN p.prokind = 'a' THEN (SELECT to_jsonb(a) FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {0}
  UNION ALL SELECT 'type', format('%I.%I', n.nspname, t.typname), t.tableoid, t.oid, concat_ws('|', to_jsonb(t),
      (SELECT to_jsonb(r) FROM pg_range r WHERE r.rngtypid = t.oid),
      (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
      (SELECT string_agg(concat_ws(' ', o.conname, pg_get_constraintdef(o.oid)), ',' ORDER BY o.conname)
       FROM pg_constraint o WHERE o.contypid = t.oid))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('d', 'e', 'r') OR (t.typtype = 'b' AND t.typcategory <> 'A') OR c.relkind = 'c') AND {0}
  UNION ALL SELECT 'operator', o.oid::regoperator::text, o.tableoid, o.oid, to_jsonb(o)::text
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE {0}
  UNION ALL SELECT 'operator class', format('%I.%I for %s', n.nspname, o.opcname, o.opcmethod), o.tableoid, o.oid,
      to_jsonb(o)::text
    FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE {0}
  UNION ALL SELECT 'operator family', format('%I.%I for %s', n.nspname, o.opfname, o.opfmethod), o.tableoid, o.oid,
      concat_ws('|', to_jsonb(o),
        (SELECT string_agg(to_jsonb(a)::text, ',' ORDER BY a.oid) FROM pg_amop a WHERE a.amopfamily = o.oid),
        (SELECT string_agg(to_jsonb(a)::text, ',' ORDER BY a.oid) FROM pg_amproc a WHERE a.amprocfamily = o.oid))
    FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace WHERE {0}
  UNION ALL SELECT 'collation', format('%I.%I', n.nspname, o.collname), o.tableoid, o.oid, to_jsonb(o)::text
    FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE {0}
  UNION ALL SELECT 'text search dictionary', format('%I.%I', n.nspname, d.dictname), d.tableoid, d.oid,
      to_jsonb(d)::text FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE {0}
  UNION ALL SELECT 'text search configuration', format('%I.%I', n.nspname, g.cfgname), g.tableoid, g.oid,
      concat_ws('|', to_jsonb(g), (SELECT string_agg(to_jsonb(m)::text, ',' ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map m WHERE m.mapcfg = g.oid))
    FROM pg_ts_config g JOIN pg_namespace n ON n.oid = g.cfgnamespace WHERE {0}
  UNION ALL SELECT 'cast', format('(%s AS %s)', k.castsource::regtype, k.casttarget::regtype), k.tableoid, k.oid,
      to_jsonb(k)::text FROM pg_cast k WHERE k.oid >= {1}
  UNION ALL SELECT 'language', l.lanname, l.tableoid, l.oid, to_jsonb(l)::text FROM pg_language l
  UNION ALL SELECT 'extension', e.extname, e.tableoid, e.oid, to_jsonb(e)::text FROM pg_extension e
  UNION ALL SELECT 'event trigger', t.evtname, t.tableoid, t.oid, to_jsonb(t)::text FROM pg_event_trigger t)";

/// Who may do what and where; and what lies elsewhere.
constexpr const char* kRights = R"(
  UNION ALL SELECT 'schema', n.nspname, n.tableoid, n.oid, concat_ws('|', n.nspowner::regrole, n.nspacl)
    FROM pg_namespace n WHERE {0}
  UNION ALL SELECT 'default privileges', format('of %s for %s%s', a.defaclrole::regrole, a.defaclobjtype,
      ' in ' || nullif(a.defaclnamespace, 0)::regnamespace::text), a.tableoid, a.oid, a.defaclacl::text
    FROM pg_default_acl a
  UNION ALL SELECT 'foreign-data wrapper', w.fdwname, w.tableoid, w.oid, to_jsonb(w)::text
    FROM pg_foreign_data_wrapper w
  UNION ALL SELECT 'server', s.srvname, s.tableoid, s.oid, concat_ws('|', to_jsonb(s),
      (SELECT string_agg(to_jsonb(u)::text, ',' ORDER BY u.oid) FROM pg_user_mapping u WHERE u.umserver = s.oid))
    FROM pg_foreign_server s
  UNION ALL SELECT 'role', r.rolname, r.tableoid, r.oid, concat_ws('|', r.rolsuper, r.rolinherit, r.rolcreaterole,
      r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit, r.rolpassword, r.rolvaliduntil,
      (SELECT string_agg(to_jsonb(m)::text, ',' ORDER BY m.roleid, m.grantor) FROM pg_auth_members m
       WHERE m.member = r.oid)) FROM pg_authid r WHERE r.rolname !~ '^moult_'
  UNION ALL SELECT 'settings of', coalesce(nullif(concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname),
      ''), 'all roles'), s.tableoid, 0::oid, s.setconfig::text
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
    WHERE coalesce(r.rolname, '') !~ '^moult_'
  UNION ALL SELECT 'table space', s.spcname, s.tableoid, s.oid, concat_ws('|', s.spcowner::regrole, s.spcacl,
      s.spcoptions, pg_tablespace_location(s.oid)) FROM pg_tablespace s
  UNION ALL SELECT 'database', d.datname, d.tableoid, d.oid, concat_ws('|', d.datdba::regrole, d.datacl,
      d.datallowconn, d.datconnlimit, d.dattablespace, d.datcollate, d.datctype, pg_encoding_to_char(d.encoding))
    FROM pg_database d WHERE NOT d.datistemplate)";

/// The numbers of objects that initdb made are below it.
constexpr int kFirstNormal = 16384;

}  // namespace

const char* const kOwn = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'moult_native')";

/// Comments are asked for once for all kinds: of the object, of its columns, and of what all databases share.
std::string definitions() {
  const auto objects = fmt::format(fmt::runtime(std::string(kRelations) + kCode + kRights), kOwn, kFirstNormal);
  return "SELECT o.kind, o.name, concat_ws('|', o.definition, (SELECT string_agg(concat_ws(' ', d.objsubid, "
         "d.description), ',' ORDER BY d.objsubid) FROM pg_description d WHERE d.objoid = o.oid AND d.classoid = "
         "o.class), (SELECT s.description FROM pg_shdescription s WHERE s.objoid = o.oid AND s.classoid = o.class)) "
         "AS definition FROM (" +
         objects + ") o";
}

}  // namespace moult::postgresql
