-- The five articles by hand, as an engineer would write them for one month end: the same policy and the same columns as
-- the pack `five-articles` with its chosen readings, over the same Parquet files. {loan_balance}, {loan}, {enterprise},
-- {enterprise_status} and {credit_line} are lists of files; {as_of} is the month end.
WITH status AS (
  SELECT enterprise_id,
    bool_or(status = 'hnte') AS hnte, bool_or(status = 'tech_sme') AS tech_sme, bool_or(status = 'srdi') AS srdi,
    bool_or(status = 'little_giant') AS little_giant, bool_or(status = 'innovation_demo') AS innovation_demo,
    bool_or(status = 'single_champion') AS champion, bool_or(status = 'elderly_institution') AS elderly
  FROM read_parquet({enterprise_status})
  WHERE (valid_from IS NULL OR valid_from <= {as_of}) AND (valid_to IS NULL OR valid_to > {as_of})
  GROUP BY enterprise_id
), firm AS (
  SELECT e.enterprise_id, e.size, e.borrower_class, e.is_rural, s.* EXCLUDE (enterprise_id)
  FROM read_parquet({enterprise}) e LEFT JOIN status s USING (enterprise_id)
  WHERE (e.valid_from IS NULL OR e.valid_from <= {as_of}) AND (e.valid_to IS NULL OR e.valid_to > {as_of})
), line AS (
  SELECT institution_id, enterprise_id, line_total - coalesce(consumer_line, 0) AS line
  FROM read_parquet({credit_line}) WHERE period = {as_of}
), note AS (
  SELECT institution_id, contract_no, note_no, use_industry, strategic_code, patent_code, pension_code, digital_efficiency,
    green_code, coalesce(green_ratio, 0) AS green_ratio, programme, product, borrower_id, borrower_class, borrower_size,
    length(trim(coalesce(use_evidence, ''))) >= 4 AS evident,
    NOT (coalesce(is_entrusted, FALSE) OR coalesce(is_rediscount, FALSE) OR coalesce(is_written_off, FALSE)
      OR coalesce(is_transferred, FALSE)) AS counted
  FROM read_parquet({loan})
  WHERE (valid_from IS NULL OR valid_from <= {as_of}) AND (valid_to IS NULL OR valid_to > {as_of})
), joined AS (
  SELECT b.institution_id, b.contract_no, b.note_no, b.period, b.borrower_id, b.balance_cny AS amount, b.rate,
    b._submission, b._row, coalesce(n.counted, TRUE) AS counted, n.evident, n.use_industry AS use, n.product, n.programme,
    n.strategic_code, n.patent_code, n.pension_code, n.digital_efficiency, n.green_code,
    coalesce(n.green_ratio, 0) > 0 AS has_green, b.balance_cny * CAST(coalesce(n.green_ratio, 0) AS DECIMAL(18, 5)) AS green_hundredfold,
    coalesce(n.borrower_class, f.borrower_class,
      CASE WHEN length(b.borrower_id) = 18 AND b.borrower_id LIKE '92%' THEN 'individual_business'
        WHEN length(b.borrower_id) = 18 AND b.borrower_id LIKE '93%' THEN 'cooperative'
        WHEN n.borrower_size IN ('CS01', 'CS02', 'CS03', 'CS04') THEN 'enterprise' END) AS class,
    coalesce(n.borrower_size, f.size) AS size, l.line, f.is_rural, f.hnte, f.tech_sme, f.srdi, f.little_giant,
    f.innovation_demo, f.champion, f.elderly
  FROM read_parquet({loan_balance}) b
  LEFT JOIN note n USING (institution_id, contract_no, note_no)
  LEFT JOIN firm f ON b.borrower_id = f.enterprise_id
  LEFT JOIN line l ON n.institution_id = l.institution_id AND n.borrower_id = l.enterprise_id
  WHERE b.period = {as_of}
), classed AS (
  SELECT *,
    CAST(round(green_hundredfold * 0.01, 2) AS DECIMAL(20, 2)) AS green_part,
    left(use, 3) AS u3, left(use, 4) AS u4,
    coalesce(product LIKE 'F022%', FALSE) AS operating, coalesce(line < 10000000, FALSE) AS within_10m,
    coalesce(line < 5000000, FALSE) AS within_5m,
    CASE WHEN evident THEN strategic_code IN ('SE01','SE02','SE03','SE04','SE05','SE06','SE07','SE08','SE09') END AS strategic,
    CASE WHEN evident THEN patent_code IN ('PA01','PA02','PA03','PA04','PA05','PA06','PA07') END AS patent,
    CASE WHEN counted AND evident AND pension_code IN ('EC01','EC02','EC03','EC04','EC05','EC06','EC07','EC08','EC09','EC10',
      'EC11','EC12') THEN pension_code END AS pension_class,
    CASE WHEN counted AND has_green THEN green_code END AS green_class
  FROM joined
), used AS (
  SELECT *,
    use IN ('C2710','C2720','C2730','C2740','C2750','C2761','C2762','C2770','C2780','C3741','C3742','C3743','C3744','C3749',
      'C4343','C3562','C3563','C3569','C3832','C3833','C3841','C3921','C3922','C3931','C3932','C3933','C3934','C3939','C3940',
      'C3951','C3952','C3953','C3961','C3962','C3963','C3969','C3971','C3972','C3973','C3974','C3975','C3976','C3979','C3981',
      'C3982','C3983','C3984','C3985','C3989','C3990','C3911','C3912','C3913','C3914','C3915','C3919','C3474','C3475','C3581',
      'C3582','C3583','C3584','C3585','C3586','C3589','C4011','C4012','C4013','C4014','C4015','C4016','C4019','C4021','C4022',
      'C4023','C4024','C4025','C4026','C4027','C4028','C4029','C4040','C4090','C2664','C2665') AS htm,
    u4 IN ('I631','I632','I633','I641','I642','I644','I645','I649','M745','M741','M742','M743','M744','M747','M751','M753',
      'M754','M759','M746','N772') OR u3 IN ('I65','M73')
      OR use IN ('I6431','I6432','F5193','F5292','M7484','M7491','M7492','M7520')
      OR evident AND (use IN ('I6433','I6434','I6439','M7481','M7482','M7483','M7485','M7486') OR u4 = 'L723') AS hts,
    CASE
      WHEN u4 IN ('C391','C392','C394','C393','C395','C396','C397','C398') OR use IN ('C3491','C3492','C3562','C3563','C3569',
        'C3824','C3825','C2330','C2664','C3474','C3475','C3831','C3832','C3833') THEN 'DE01'
      WHEN use IN ('F5176','F5177','F5178','F5244','F5273','F5274','L7114','L7125','O8121','O8122') THEN 'DE02'
      WHEN u4 IN ('I651','I631','I632','I633','I641','I642','I644','I645','I649','I652','I653','I654','I655','I656','I657',
        'I659') OR use = 'M7517' THEN 'DE03'
      WHEN u4 = 'I643' OR use IN ('F5193','F5292','J6637','J6930','J6940','R8625','R8626','L7251','L7272') THEN 'DE04'
      WHEN evident AND u4 = 'C401' THEN 'DE01'
      WHEN evident AND use = 'M7519' THEN 'DE03'
      WHEN evident AND (u3 = 'R87' OR use IN ('E4851','E4910','L7213','L7224')) THEN 'DE04'
    END AS digital_class
  FROM classed
), leaves AS (
  SELECT institution_id, contract_no, note_no, period, borrower_id, amount, rate, _submission, _row, green_part,
    coalesce(counted AND digital_class IS NOT NULL, FALSE) AS digital_core_loans,
    coalesce(counted AND digital_class = 'DE01', FALSE) AS digital_products,
    coalesce(counted AND digital_class = 'DE02', FALSE) AS digital_services,
    coalesce(counted AND digital_class = 'DE03', FALSE) AS digital_technology,
    coalesce(counted AND digital_class = 'DE04', FALSE) AS digital_factors,
    coalesce(counted AND digital_efficiency AND evident, FALSE) AS digital_upgrading,
    coalesce(green_class LIKE 'NA01%', FALSE) AS green_na01, coalesce(green_class LIKE 'NA02%', FALSE) AS green_na02,
    coalesce(green_class LIKE 'NA03%', FALSE) AS green_na03, coalesce(green_class LIKE 'NA04%', FALSE) AS green_na04,
    coalesce(green_class LIKE 'NA05%', FALSE) AS green_na05, coalesce(green_class LIKE 'NA06%', FALSE) AS green_na06,
    coalesce(green_class LIKE 'NA07%', FALSE) AS green_na07, coalesce(green_class LIKE 'NB%', FALSE) AS green_nb,
    coalesce(green_class LIKE 'NC%', FALSE) AS green_nc, coalesce(green_class LIKE 'W00%', FALSE) AS green_w00,
    coalesce(counted AND class IN ('enterprise', 'cooperative') AND size IN ('CS03', 'CS04') AND within_10m, FALSE)
      AS inclusive_sme,
    coalesce(counted AND class = 'individual_business' AND operating AND within_10m, FALSE) AS inclusive_sole_trader,
    coalesce(counted AND class = 'micro_owner' AND operating AND within_10m, FALSE) AS inclusive_micro_owner,
    coalesce(counted AND class = 'farmer' AND operating AND within_5m, FALSE) AS inclusive_farmer,
    coalesce(counted AND programme = 'startup_guarantee', FALSE) AS inclusive_startup,
    coalesce(counted AND programme = 'student', FALSE) AS inclusive_student,
    coalesce(counted AND programme = 'poverty_alleviation' AND product LIKE 'F021%', FALSE) AS inclusive_poverty,
    coalesce(counted AND (class IN ('farmer', 'cooperative') OR is_rural OR use LIKE 'A%'), FALSE) AS agriculture_related,
    pension_class IS NOT NULL AS pension_industry_loans, coalesce(counted AND elderly, FALSE) AS pension_institutions,
    {pension_classes},
    coalesce(counted AND hnte AND coalesce(class <> 'individual_business', TRUE), FALSE) AS tech_hnte,
    coalesce(counted AND tech_sme AND size IN ('CS02', 'CS03', 'CS04'), FALSE) AS tech_sme,
    coalesce(counted AND srdi AND size IN ('CS02', 'CS03', 'CS04'), FALSE) AS tech_srdi,
    coalesce(counted AND little_giant, FALSE) AS tech_little_giant,
    coalesce(counted AND innovation_demo, FALSE) AS tech_innovation_demo,
    coalesce(counted AND champion, FALSE) AS tech_champion, coalesce(counted AND htm, FALSE) AS tech_manufacturing,
    coalesce(counted AND hts, FALSE) AS tech_services, coalesce(counted AND strategic, FALSE) AS tech_strategic,
    coalesce(counted AND patent, FALSE) AS tech_patent
  FROM used
), unions AS (
  SELECT *, digital_core_loans OR digital_upgrading AS digital,
    green_na01 OR green_na02 OR green_na03 OR green_na04 OR green_na05 OR green_na06 OR green_na07 OR green_nb OR green_nc
      OR green_w00 AS green,
    inclusive_sme OR inclusive_sole_trader OR inclusive_micro_owner AS inclusive_small,
    pension_industry_loans OR pension_institutions AS pension,
    tech_hnte OR tech_sme OR tech_srdi OR tech_little_giant OR tech_innovation_demo OR tech_champion AS tech_enterprises,
    tech_manufacturing OR tech_services OR tech_strategic OR tech_patent AS tech_industries
  FROM leaves
), articles AS (
  SELECT *, tech_enterprises OR tech_industries AS tech_loans,
    inclusive_small OR inclusive_farmer OR inclusive_startup OR inclusive_student OR inclusive_poverty AS inclusive
  FROM unions
), total AS (
  SELECT *, tech_loans AS tech, tech_loans OR green OR inclusive OR pension OR digital AS five_articles,
    CASE WHEN tech_loans OR inclusive OR pension OR digital THEN amount ELSE green_part END AS total_amount
  FROM articles
)
SELECT institution_id, contract_no, note_no, period, borrower_id, amount, rate, {columns}, _submission, _row FROM total
