-- Rows to put and ids to remove: $1 $2 categories, $3 $4 products, $5 $6 stocks.
with category_gone as (delete from category where id = any($2::uuid[])),
category_put as (
  insert into category select id, version, slug, name, image, created_at, updated_at
  from json_to_recordset($1) as c(
    id uuid, version int, slug text, name text, image text, created_at timestamptz, updated_at timestamptz)
  on conflict (id) do update set version = excluded.version, slug = excluded.slug, name = excluded.name, image = excluded.image,
    created_at = excluded.created_at, updated_at = excluded.updated_at
  where category.version < excluded.version
),
product_gone as (delete from product where id = any($4::uuid[])),
product_put as (
  insert into product (id, version, slug, name, name_key, description, images, price, currency, category_id, camera_id, lens_id,
    created_at, updated_at)
  select id, version, slug, name, name_key, description, images, price, currency, category_id, camera_id, lens_id, created_at, updated_at
  from json_to_recordset($3) as p(
    id uuid, version int, slug text, name text, name_key text, description text, images text[], price numeric, currency text,
    category_id uuid, camera_id uuid, lens_id uuid, created_at timestamptz, updated_at timestamptz)
  on conflict (id) do update set
    version = excluded.version, slug = excluded.slug, name = excluded.name, name_key = excluded.name_key,
    description = excluded.description, images = excluded.images, price = excluded.price, currency = excluded.currency,
    category_id = excluded.category_id, camera_id = excluded.camera_id, lens_id = excluded.lens_id,
    created_at = excluded.created_at, updated_at = excluded.updated_at
  where product.version < excluded.version
),
stock_gone as (delete from stock where id = any($6::uuid[])),
stock_put as (
  insert into stock select id, version, available
  from json_to_recordset($5) as s(id uuid, version int, available int)
  on conflict (id) do update set version = excluded.version, available = excluded.available
  where stock.version < excluded.version
)
select
